"""A database URL's text, taken apart into decoded strings; no message ever repeats a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from alembic_proof.errors import ConfigError
from alembic_proof.postgres._driver import default_driver

_SHAPE = "postgresql://user:password@host:5432/database"
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:]*))(?::(?P<port>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlText:
    """The parts as they were written, percent-decoded; None where there is none."""

    driver: str
    user: str | None
    password: str | None
    hosts: tuple[tuple[str, int | None], ...]
    database: str | None
    query: tuple[tuple[str, str], ...]


def split_url(text: str) -> UrlText:
    """The parts of `text`.

    Raises:
        ConfigError: not the URL of a PostgreSQL database; names the part, never its value.

    Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    """
    if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise refuse("it holds bytes that are not UTF-8")
    scheme, separator, rest = text.strip().partition("://")
    driver = _driver(scheme) if separator else None
    if driver is None:
        raise refuse("it does not start with postgresql://")
    before, _, query = rest.partition("?")
    authority, _, database = before.partition("/")
    if "@" in database and "@" not in authority:
        # What looks like host and port is a login whose password holds a raw slash: never show it.
        raise refuse("a / before the @ must be written %2F, and an @ in a database's name %40")
    login, _, hosts = authority.rpartition("@")
    user, colon, password = login.partition(":")
    return UrlText(
        driver=driver,
        user=_decode(user, part="user name") or None,
        password=_decode(password, part="password") if colon else None,
        hosts=_hosts(hosts),
        database=_decode(database, part="database name") or None,
        query=_query(query, is_plus_a_space="+" in scheme),
    )


def split_hosts(names: str, ports: str) -> tuple[tuple[str, int | None], ...]:
    """Hosts of `?host=a,b&port=1,2`; one port serves all hosts."""
    all_names = names.split(",") if names else []
    all_ports = [_port(port) for port in ports.split(",")] if ports else [None]
    if len(all_ports) == 1:
        all_ports *= max(len(all_names), 1)
    if len(all_ports) != max(len(all_names), 1):
        raise refuse("the numbers of hosts and ports differ")
    return tuple(zip(all_names or [""], all_ports, strict=True))


def refuse(why: str) -> ConfigError:
    """The error for an URL that cannot be used."""
    return ConfigError(f"the database URL cannot be used: {why}", todo=f"write {_SHAPE}")


def _driver(scheme: str) -> str | None:
    """The SQLAlchemy driver that a scheme names, the one that is installed where it names none."""
    name, plus, driver = scheme.partition("+")
    if name not in ("postgres", "postgresql") or (plus and not driver.isidentifier()):
        return None
    return driver or default_driver()


def _hosts(text: str) -> tuple[tuple[str, int | None], ...]:
    return tuple(_host(part) for part in text.split(",")) if text else ()


def _host(text: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(text)
    if match is None or "[" in (match["name"] or ""):
        raise refuse("the host is malformed; an IPv6 address stands in [ ]")
    name = match["name"] if match["ipv6"] is None else match["ipv6"]
    return _decode(name, part="host"), _port(_decode(match["port"] or "", part="port"))


def _port(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise refuse(
            "the port is not a number from 1 to 65535 "
            "(a / ? # % in a password must be percent-encoded)"
        )
    return int(text)


def _query(text: str, *, is_plus_a_space: bool) -> tuple[tuple[str, str], ...]:
    """The parameters, the last of a name wins; libpq keeps a +, SQLAlchemy reads it as a space."""
    found: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, equals, value = part.partition("=")
        if not equals:
            raise refuse("a query parameter has no =")
        value = value.replace("+", " ") if is_plus_a_space else value
        found[_decode(name, part="query")] = _decode(value, part="query")
    return tuple(found.items())


def _decode(text: str, *, part: str) -> str:
    """`text` without its percent escapes, which must be whole and UTF-8."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise refuse(f"the {part} holds a % that starts no escape; write it as %25")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        # The original would carry the value in its text.
        raise refuse(f"the {part}'s escapes are not UTF-8") from None
    if any(ord(character) < 32 for character in decoded):
        raise refuse(f"the {part} holds a control character")
    return decoded
