"""Run an env.py while another one runs: from a hook that Alembic calls, in any kind of env.py."""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar

from alembic import context, op

T = TypeVar("T")


def run_beside(work: Callable[[], T]) -> T:
    """Return what `work` returns; it may run env.py, and is called while an env.py runs.

    It runs in a thread of its own, which this one waits for: an asynchronous env.py occupies the event
    loop of this thread, and an env.py begins one with `asyncio.run()`. Alembic's `context` and `op`
    belong to the env.py that runs here again when it returns. What `work` raises is raised.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    with _restored_proxies(), _without_messages():
        thread = Thread(target=contextvars.copy_context().run, args=(run,), name="alembic-proof")
        thread.start()
        thread.join()
    for error in errors:
        raise error
    return results[0]


@contextmanager
def _restored_proxies() -> Iterator[None]:
    """Install again what `alembic.context` and `alembic.op` stand for now.

    Alembic has one of each, and removes it when an env.py ends.
    """
    modules: tuple[Any, ...] = (context, op)
    proxies = [module._proxy for module in modules]
    try:
        yield
    finally:
        for proxy in proxies:
            if proxy is not None:
                proxy._install_proxy()


@contextmanager
def _without_messages() -> Iterator[None]:
    """Log no step of the other env.py as one of this one, whatever logging it configures."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)
