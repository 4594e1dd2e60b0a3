"""Database URLs: read every form that an operator pastes, and write what each driver needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

from alembic_deploy.errors import ConfigError
from alembic_deploy.keepalives import DEFAULT_KEEPALIVES, KEEPALIVES, connection_class

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

Hosts = tuple[tuple[str, int | None], ...]
"""Names and ports; a name that starts with / is the directory of a socket."""

DRIVERS = ("asyncpg", "psycopg", "psycopg2")
"""The drivers that a URL may name, in the order in which an unnamed one is looked for."""

_EXAMPLE = "postgresql://user:password@host:5432/database"
_HOST = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:]*))(?::(?P<port>.*))?", re.DOTALL)
_FORWARDED = frozenset(
    {
        *("application_name", "options", "passfile", "service", "krbsrvname", "gsslib"),
        *("sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl"),
        *("sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        *("target_session_attrs", *KEEPALIVES),
    }
)
# asyncpg does not know these, and leaving them out changes nothing.
_OMITTED = frozenset(
    {
        *("client_encoding", "fallback_application_name", "sslsni"),
        *("sslcompression", "load_balance_hosts"),
    }
)
_OMITTED_UNLESS_REQUIRED = frozenset({"channel_binding", "gssencmode"})
_OWN_FIELDS = frozenset(
    {"host", "port", "user", "password", "dbname", "database", "connect_timeout"}
)
_KNOWN = _FORWARDED | _OMITTED | _OMITTED_UNLESS_REQUIRED | _OWN_FIELDS
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrl:
    """The place of a database and the login to it; neither str nor repr shows a secret.

    >>> url = DatabaseUrl.parse("postgres://ann:secret@db.example/shop?sslmode=require")
    >>> print(url)
    ann@db.example/shop
    >>> url.with_database("stock").sqlalchemy_url
    'postgresql+asyncpg://ann:secret@db.example/stock?sslmode=require'
    """

    user: str | None = None
    database: str | None = None
    hosts: Hosts = ()
    timeout_s: float | None = None
    """The URL's connect_timeout; 0 for no limit, None for the driver's own."""
    driver: str = "asyncpg"
    password: str | None = field(default=None, repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the URL of `text`: libpq's forms, with or without SQLAlchemy's `+driver`.

        :raises ConfigError: It is no URL of a PostgreSQL database; names the wrong part, and never
            repeats a value.
        Source: libpq-connect, "Connection URIs".
        """
        parts = _split_url(text)
        query = dict(parts.query)
        if parts.driver not in DRIVERS:
            raise _error(f"the driver is none of {', '.join(DRIVERS)}")
        return cls(
            driver=parts.driver,
            user=query.get("user") or parts.user,
            password=query.get("password", parts.password),
            hosts=_hosts(parts),
            database=query.get("dbname") or query.get("database") or parts.database,
            timeout_s=_timeout(query.get("connect_timeout")),
            parameters=_parameters(query),
        )

    def __str__(self) -> str:
        return self.display

    @property
    def dsn(self) -> str:
        """Return the URL for asyncpg's `dsn`: libpq's form, without connect_timeout and keepalives.

        asyncpg would send these to the server as settings.
        """
        known = tuple(pair for pair in self.parameters if pair[0] not in KEEPALIVES)
        return f"postgresql://{self._text(known)}"

    @property
    def text(self) -> str:
        """Return the whole URL in libpq's form, which `parse` reads.

        A driver other than asyncpg is named, as in SQLAlchemy's form.
        """
        return self.sqlalchemy_url.replace("postgresql+asyncpg://", "postgresql://", 1)

    @property
    def sqlalchemy_url(self) -> str:
        """Return the whole URL in SQLAlchemy's form, which `parse` reads.

        To connect, use `engine_url` and `engine_arguments()`.
        """
        timeout = () if self.timeout_s is None else (("connect_timeout", str(int(self.timeout_s))),)
        return f"postgresql+{self.driver}://{self._text((*self.parameters, *timeout))}"

    @property
    def engine_url(self) -> URL:
        """Return the URL for create_engine beside `engine_arguments()`, without password and parameters.

        Code with a connection may read user, host and database from it: `alembic current -v` does.
        """
        from sqlalchemy.engine import URL

        is_single = len(self.hosts) == 1 and not self.is_socket
        host, port = self.hosts[0] if is_single else (None, None)
        return URL.create(
            f"postgresql+{self.driver}",
            username=self.user,
            host=host or None,
            port=port,
            database=self.database,
        )

    def engine_arguments(self) -> dict[str, dict[str, Any]]:
        """Return keyword arguments of create_engine that hand everything to the driver itself."""
        if self.driver != "asyncpg":
            return {"connect_args": self._libpq_keywords()}
        arguments: dict[str, Any] = {"dsn": self.dsn}
        if self.timeout_s is not None:
            arguments["timeout"] = self.timeout_s or None
        if keepalives := tuple(pair for pair in self.parameters if pair[0] in KEEPALIVES):
            arguments["connection_class"] = connection_class(keepalives)
        return {"connect_args": arguments}

    @property
    def display(self) -> str:
        """Return `user@host/database` or `database on socket directory`; never a password."""
        if self.is_socket:
            user = f" as {self.user}" if self.user else ""
            return f"{self.database or self.user or 'default'} on socket {self.hosts[0][0]}{user}"
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self._host_list or 'default host'}/{self.database or self.user or ''}"

    @property
    def address(self) -> str:
        """Return hosts and ports, or the socket's directory, for messages."""
        hosts = (
            host if port is None or host.startswith("/") else f"{host}:{port}"
            for host, port in self.hosts
            if host
        )
        return ", ".join(hosts) or "the default host"

    @property
    def is_socket(self) -> bool:
        """Return whether the (first) host is the directory of a Unix socket."""
        return bool(self.hosts) and self.hosts[0][0].startswith("/")

    def with_database(self, name: str) -> Self:
        """Return the URL of another database on the same server, with the same login."""
        return replace(self, database=name)

    def with_user(self, name: str, password: str | None = None) -> Self:
        """Return the URL of the same database with another login and its password."""
        return replace(self, user=name, password=password)

    def with_keepalives(self) -> Self:
        """Return the URL with TCP keepalives that notice a lost server; unchanged if it has its own."""
        if any(name in KEEPALIVES for name, _ in self.parameters):
            return self
        return replace(self, parameters=tuple(sorted((*self.parameters, *DEFAULT_KEEPALIVES))))

    def _libpq_keywords(self) -> dict[str, Any]:
        """Return the keywords of a driver on libpq that have a value, without the database.

        SQLAlchemy takes it from `engine_url`, and 1.4 calls it otherwise than libpq.
        """
        login = (("user", self.user), ("password", self.password))
        timeout = None if self.timeout_s is None else str(int(self.timeout_s))
        hosts = _host_parameters(self.hosts)
        pairs = (*hosts, *login, ("connect_timeout", timeout), *self.parameters)
        return {name: value for name, value in pairs if value is not None}

    @property
    def _host_list(self) -> str:
        """Return `host:port,…`, not percent-encoded."""
        names = ((f"[{name}]" if ":" in name else name, port) for name, port in self.hosts)
        return ",".join(name if port is None else f"{name}:{port}" for name, port in names)

    def _text(self, parameters: tuple[tuple[str, str], ...]) -> str:
        """Return what follows ://, percent-encoded; sockets are parameters of the query."""
        login = "" if self.user is None else _quote(self.user)
        if self.password is not None:
            login += f":{_quote(self.password)}"
        is_in_query = self.is_socket or not any(name for name, _ in self.hosts)
        hosts = "" if is_in_query else quote(self._host_list, safe=":,[]")
        host_parameters = _host_parameters(self.hosts) if is_in_query else ()
        # RFC 3986, 3.4: a / in a query needs no escape. Many an env.py puts its URL into Alembic's
        # configuration without doubling percent signs.
        query = "&".join(
            f"{name}={quote(value, safe='/')}" for name, value in (*host_parameters, *parameters)
        )
        authority = f"{login}@{hosts}" if login else hosts
        return f"{authority}/{_quote(self.database or '')}" + (f"?{query}" if query else "")


def usable_url(text: str, *, where: str) -> str:
    """Return the text if it is a URL that `DatabaseUrl` reads.

    :param where: The setting or variable that contains it, for the message.
    :raises ConfigError: It is not.
    """
    try:
        DatabaseUrl.parse(text)
    except ConfigError as error:
        raise ConfigError(error.what, where=where, todo=error.todo) from error
    return text


@cache
def default_driver() -> str:
    """Return the first of DRIVERS that is installed: a project brings the one it works with."""
    return first_installed(name for name in DRIVERS if _is_known(name))


def first_installed(drivers: Iterable[str]) -> str:
    """Return the first module that is installed, or the first of all if none is."""
    names = tuple(drivers)
    return next((name for name in names if find_spec(name) is not None), names[0])


def is_usable_driver(name: str) -> bool:
    """Return whether the driver is installed and known to this SQLAlchemy.

    SQLAlchemy 1.4 does not know psycopg.
    """
    return _is_known(name) and find_spec(name) is not None


def refuse_missing_driver(name: str) -> None:
    """Refuse a driver that cannot be used.

    :raises ConfigError: It is not installed, or SQLAlchemy does not know it.
    """
    if not is_usable_driver(name):
        why = "is not installed" if _is_known(name) else "is not known to this SQLAlchemy"
        raise ConfigError(
            f"the driver {name} {why}",
            todo=f"install one of {', '.join(DRIVERS)}, or name another one in the URL",
        )


def _is_known(name: str) -> bool:
    return find_spec(f"sqlalchemy.dialects.postgresql.{name}") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _UrlParts:
    """The parts of a URL as they are written, percent-decoded; None where there is none."""

    driver: str
    user: str | None
    password: str | None
    hosts: Hosts
    database: str | None
    query: tuple[tuple[str, str], ...]


def _split_url(text: str) -> _UrlParts:
    if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _error("it has bytes that are not UTF-8")
    scheme, separator, rest = text.strip().partition("://")
    driver = _driver(scheme) if separator else None
    if driver is None:
        raise _error("it does not start with postgresql://")
    before, _, query = rest.partition("?")
    authority, _, database = before.partition("/")
    if "@" in database:
        # What looks like the host may be a piece of a password with a raw slash: never show it.
        raise _error("a / before the @ must be written %2F, and an @ in a database's name %40")
    login, _, hosts = authority.rpartition("@")
    user, colon, password = login.partition(":")
    return _UrlParts(
        driver=driver,
        user=_decode(user, part="user name") or None,
        password=_decode(password, part="password") if colon else None,
        hosts=tuple(map(_parse_host, hosts.split(","))) if hosts else (),
        database=_decode(database, part="database name") or None,
        query=_parse_query(query, is_plus_a_space="+" in scheme),
    )


def _driver(scheme: str) -> str | None:
    """Return the driver that a scheme names, else an installed one; None for another database."""
    name, plus, driver = scheme.partition("+")
    if name not in ("postgres", "postgresql") or (plus and not driver.isidentifier()):
        return None
    return driver or default_driver()


def _parse_host(text: str) -> tuple[str, int | None]:
    match = _HOST.fullmatch(text)
    if match is None or "[" in (match["name"] or ""):
        raise _error("the host is malformed; an IPv6 address is written in [ ]")
    name = match["name"] if match["ipv6"] is None else match["ipv6"]
    return _decode(name, part="host"), _parse_port(_decode(match["port"] or "", part="port"))


def _parse_port(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise _error(
            "the port is not a number from 1 to 65535 "
            "(a / ? # % in a password must be percent-encoded)"
        )
    return int(text)


def _parse_query(text: str, *, is_plus_a_space: bool) -> tuple[tuple[str, str], ...]:
    """Return the parameters, for each name the last value.

    :param is_plus_a_space: As SQLAlchemy reads a query; in libpq's form a + is a +.
    """
    found: dict[str, str] = {}
    for part in filter(None, text.split("&")):
        name, equals, value = part.partition("=")
        if not equals:
            raise _error("a query parameter has no =")
        value = value.replace("+", " ") if is_plus_a_space else value
        found[_decode(name, part="query")] = _decode(value, part="query")
    return tuple(found.items())


def _decode(text: str, *, part: str) -> str:
    """Return the text without its percent escapes, which must be complete and UTF-8."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise _error(f"the {part} has a % that starts no escape; write it as %25")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        # The original error has the value in its text.
        raise _error(f"the {part}'s escapes are not UTF-8") from None
    if any(ord(character) < 32 for character in decoded):
        raise _error(f"the {part} has a control character")
    return decoded


def _hosts(parts: _UrlParts) -> Hosts:
    """Return the hosts that the query names, else those before the path."""
    query = dict(parts.query)
    if query.get("host"):
        return _pair_hosts(query["host"], query.get("port", ""))
    if query.get("port"):
        return _pair_hosts(",".join(name for name, _ in parts.hosts), query["port"])
    return parts.hosts


def _pair_hosts(names: str, ports: str) -> Hosts:
    """Return the hosts of `?host=a,b&port=1,2`; a single port is that of all hosts."""
    all_names = names.split(",") if names else []
    all_ports = [_parse_port(port) for port in ports.split(",")] if ports else [None]
    if len(all_ports) == 1:
        all_ports *= max(len(all_names), 1)
    if len(all_ports) != max(len(all_names), 1):
        raise _error("the numbers of hosts and ports differ")
    return tuple(zip(all_names or [""], all_ports, strict=True))


def _host_parameters(hosts: Hosts) -> tuple[tuple[str, str], ...]:
    """Return hosts and ports as query parameters, for sockets or a port without a host."""
    names = ",".join(name for name, _ in hosts)
    has_port = any(port is not None for _, port in hosts)
    ports = ",".join(str(port or 5432) for _, port in hosts) if has_port else ""
    return tuple(item for item in (("host", names), ("port", ports)) if item[1].strip(","))


def _timeout(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return max(float(int(text)), 0.0)
    except ValueError:
        raise _error("connect_timeout is not a whole number of seconds") from None


def _parameters(query: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the parameters for the driver, sorted by name."""
    kept: dict[str, str] = {}
    for name, value in query.items():
        name = "sslmode" if name == "ssl" else name
        if name in KEEPALIVES and value and not re.fullmatch(r"-?[0-9]{1,9}", value):
            raise _error(f"{name} is not a whole number")
        if name in _FORWARDED and value:
            kept[name] = value
        elif name in _OMITTED_UNLESS_REQUIRED and value == "require":
            raise _error(f"the driver cannot guarantee {name}=require; leave it out")
        elif name not in _KNOWN:
            raise _error(f"it has a query parameter that is not known{_named(name, query)}")
    if kept.get("sslmode", "prefer") not in _SSL_MODES:
        raise _error(f"sslmode is none of {', '.join(_SSL_MODES)}")
    return tuple(sorted(kept.items()))


def _named(name: str, query: dict[str, str]) -> str:
    """Return the parameter's name, unless it may be part of a password with a raw ? or &."""
    is_printable = name.isidentifier() and not any("@" in value for value in query.values())
    return f": {name}" if is_printable else ""


def _error(why: str) -> ConfigError:
    return ConfigError(f"the database URL cannot be used: {why}", todo=f"write {_EXAMPLE}")


def _quote(text: str) -> str:
    return quote(text, safe="")
