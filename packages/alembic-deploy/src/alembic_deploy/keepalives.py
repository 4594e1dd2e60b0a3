"""TCP keepalives of a URL, for asyncpg, which has no parameters for them."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import cache
from typing import Any

KEEPALIVES = frozenset(
    {
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        "tcp_user_timeout",
    }
)
"""The parameters of libpq. Source: libpq-connect, "Parameter Key Words"."""

DEFAULT_KEEPALIVES = (
    ("keepalives_idle", "5"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "20000"),
)
"""A migration notices after 20 seconds that its server cannot be reached any more."""

# macOS calls the first one TCP_KEEPALIVE and has no TCP_USER_TIMEOUT; libpq ignores what is missing.
_OPTION_NAMES = {
    "keepalives_idle": ("TCP_KEEPIDLE", "TCP_KEEPALIVE"),
    "keepalives_interval": ("TCP_KEEPINTVL",),
    "keepalives_count": ("TCP_KEEPCNT",),
    "tcp_user_timeout": ("TCP_USER_TIMEOUT",),
}


def set_keepalives(opened: Any, parameters: Mapping[str, str]) -> None:
    """Set the options of a TCP socket as libpq does; a Unix socket has none.

    :param opened: A socket, or asyncio's wrapper of one.
    :param parameters: Parameters of a URL: whole numbers, of which 0 is the system's default.
    """
    if opened is None or opened.family not in (socket.AF_INET, socket.AF_INET6):
        return
    is_on = parameters.get("keepalives", "1") != "0"
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(is_on))
    for name, options in _OPTION_NAMES.items():
        value = int(parameters.get(name, 0))
        option = next((getattr(socket, one) for one in options if hasattr(socket, one)), None)
        if value > 0 and option is not None and (is_on or name == "tcp_user_timeout"):
            opened.setsockopt(socket.IPPROTO_TCP, option, value)


@cache
def connection_class(parameters: tuple[tuple[str, str], ...]) -> type[Any]:
    """Return the `connection_class` of `asyncpg.connect()` that sets these keepalives."""
    import asyncpg

    class KeptAliveConnection(asyncpg.Connection):  # type: ignore[misc,unused-ignore]
        """A connection whose socket has the URL's keepalives."""

        def __init__(self, protocol: Any, transport: Any, *arguments: Any) -> None:
            super().__init__(protocol, transport, *arguments)
            set_keepalives(transport.get_extra_info("socket"), dict(parameters))

    return KeptAliveConnection
