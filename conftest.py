"""What every test of the checkout relies on."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Have Ctrl-C mean what it does on a terminal, also in a suite that was started with `&`.

    A shell starts background jobs with SIGINT ignored, and whatever they start inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
