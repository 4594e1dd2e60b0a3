"""Why a connection could not be opened, from what the driver raised."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from alembic_proof.errors import ServerError
from alembic_proof.postgres.url import DatabaseUrl

# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_SQLSTATE = {
    "28P01": ("the password is wrong", "correct the password in the URL"),
    "28000": ("the server refuses this login", "check the user name and the server's pg_hba.conf"),
    "3D000": ("the database does not exist", "create it, or correct its name in the URL"),
    "42501": ("the login may not connect to this database", "GRANT CONNECT on it to the login"),
    "42704": ("the server does not know a setting of the URL", "correct the URL's parameters"),
    "22023": ("the server refuses a setting of the URL", "correct the URL's parameters"),
    "53300": ("the server has no connection left", "close other connections and try again"),
    "55000": ("the database accepts no connections", "allow connections to it, or name another"),
    "57P03": ("the server is starting up or shutting down", "try again in a moment"),
    "08P01": ("what answers there does not speak PostgreSQL's protocol", "check host and port"),
}
_CLASS_08 = ("the connection broke while it was opened", "check the server's log")


def explain_connection_error(error: BaseException, url: DatabaseUrl) -> ServerError | None:
    """What opening a connection raised, as one clear error that chains it; else None.

    Call it only on what opening a connection raised: a statement's error may look the same.
    The message keeps the server's own words and SQLSTATE, and never a password.
    """
    for cause in _chain(error):
        explained = _from_server(cause) or _from_surroundings(cause, url)
        if explained is not None:
            what, todo = explained
            result = ServerError(f"cannot connect: {what}", where=url.display, todo=todo)
            result.__cause__ = error
            return result
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then what it was raised from."""
    while error is not None:
        yield error
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__


def _from_server(error: BaseException) -> tuple[str, str] | None:
    """What and what to do, for an answer of the server."""
    sqlstate = getattr(error, "sqlstate", None)
    if not isinstance(sqlstate, str):
        return None
    if sqlstate == "28000" and "pg_hba.conf" in str(error):
        what, todo = "the server admits no such connection", "add it to the server's pg_hba.conf"
    elif sqlstate == "28000" and "does not exist" in str(error):
        what, todo = "the login does not exist", "create it, or correct the user name in the URL"
    else:
        what, todo = _BY_SQLSTATE.get(sqlstate, _CLASS_08 if sqlstate[:2] == "08" else ("", ""))
    return (f"{what} ({_first_line(error)}; SQLSTATE {sqlstate})", todo) if what else None


def _from_surroundings(error: BaseException, url: DatabaseUrl) -> tuple[str, str] | None:
    """What and what to do, where no server answered in PostgreSQL's protocol."""
    if getattr(error, "filename", None) is not None:
        return None  # a file of somebody's own, not the socket
    if "getpwuid" in str(error) or "No username set" in str(error):
        return "the URL names no user, and this process's has no name", "put a user into the URL"
    match error:
        case TimeoutError():
            waited = f" within {url.timeout_s:g} s" if url.timeout_s else ""
            return f"no answer{waited}", "check host, port and firewall, or raise connect_timeout"
        case socket.gaierror():
            return "the host name is not found", "correct the host in the URL"
        case ssl.SSLError():
            return f"TLS failed ({_first_line(error)})", "check sslmode, sslrootcert and the host"
        case FileNotFoundError() if url.is_socket:
            return "the server is down: there is no such socket", "start the server"
        case FileNotFoundError():
            return "a certificate or key file is missing", "correct sslrootcert, sslcert, sslkey"
        case PermissionError():
            return "no permission to open the socket", "check the socket directory's permissions"
        case OSError():
            return _from_network(error)
    return _from_driver(error)


def _from_network(error: OSError) -> tuple[str, str] | None:
    """What and what to do, for a connection that was refused, broken or never routed."""
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return "the server is down: nobody listens there", "start it, or check host and port"
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return "the server offers no TLS", "set sslmode=prefer, or enable TLS on the server"
    if isinstance(error, ConnectionError):
        return _CLASS_08
    return f"the host cannot be reached ({_first_line(error)})", "check host and network"


def _from_driver(error: BaseException) -> tuple[str, str] | None:
    """What a driver says before it tries (asyncpg), or instead of a class of error (psycopg)."""
    name = type(error).__name__
    if name == "ClientConfigurationError":
        return f"the driver refuses the URL ({_first_line(error)})", "correct the URL"
    if name == "ConnectionDoesNotExistError":
        return _CLASS_08
    module = type(error).__module__.partition(".")[0]
    if name == "OperationalError" and module in ("psycopg", "psycopg2"):
        return _first_line(error), "check the URL and the server"
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
