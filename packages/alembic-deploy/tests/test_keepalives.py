"""The keepalives of a URL reach the socket, as libpq sets them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.connect import driver_connection, run_on
from alembic_deploy.keepalives import set_keepalives
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import TcpProxy

IDLE: int = getattr(socket, "TCP_KEEPIDLE", 0) or getattr(socket, "TCP_KEEPALIVE", 0)


@pytest.fixture
def tcp_socket() -> Iterator[socket.socket]:
    """Yield a TCP socket that is not connected."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
        yield opened


def is_kept_alive(opened: Any) -> bool:
    """Return whether the system probes the connection."""
    return bool(opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))


def test_each_parameter_sets_its_option(tcp_socket: socket.socket) -> None:
    """Idle time, interval and count; the kernel answers with what was set."""
    assert not is_kept_alive(tcp_socket)

    given = {"keepalives_idle": "7", "keepalives_interval": "2", "keepalives_count": "3"}
    set_keepalives(tcp_socket, given)

    assert is_kept_alive(tcp_socket)
    options = (IDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    assert [tcp_socket.getsockopt(socket.IPPROTO_TCP, one) for one in options] == [7, 2, 3]


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has none")
def test_the_user_timeout_is_set_without_keepalives_too(tcp_socket: socket.socket) -> None:
    """`keepalives=0` turns off the probes alone."""
    set_keepalives(
        tcp_socket, {"keepalives": "0", "keepalives_idle": "7", "tcp_user_timeout": "9000"}
    )

    assert not is_kept_alive(tcp_socket)
    assert tcp_socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 9000
    assert tcp_socket.getsockopt(socket.IPPROTO_TCP, IDLE) != 7


@pytest.mark.parametrize(
    ("parameters", "idle_s"), [((), None), ((("keepalives_idle", "7"),), 7)], ids=["none", "given"]
)
def test_asyncpg_connects_with_them(
    proxy: TcpProxy, parameters: tuple[tuple[str, str], ...], idle_s: int | None
) -> None:
    """Its socket is kept alive where the URL says so, and only there."""
    url = replace(proxy.url, driver="asyncpg", parameters=(("sslmode", "disable"), *parameters))

    def ask(connection: Connection) -> Any:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        asyncpg = driver_connection(connection).driver_connection
        opened = asyncpg._transport.get_extra_info("socket")
        idle = opened.getsockopt(socket.IPPROTO_TCP, IDLE)
        return idle if is_kept_alive(opened) else None

    assert run_on(url.text, ask) == idle_s


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_unix_socket_ignores_them(scratch_url: str, driver: str) -> None:
    """As libpq does; neither does the server get them as settings."""
    url = replace(
        DatabaseUrl.parse(scratch_url),
        driver=driver,
        parameters=(("keepalives_idle", "7"), ("tcp_user_timeout", "9")),
    )

    assert run_on(url.text, lambda opened: opened.exec_driver_sql("SELECT 1").scalar_one()) == 1
