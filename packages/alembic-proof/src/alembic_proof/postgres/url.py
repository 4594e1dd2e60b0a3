"""Every URL of a PostgreSQL database that an operator pastes, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import quote

from alembic_proof.errors import ConfigError
from alembic_proof.postgres._driver import DRIVERS
from alembic_proof.postgres._url_text import UrlText, refuse, split_hosts, split_url

_PASSED_ON = frozenset(
    {
        *("application_name", "options", "passfile", "service", "krbsrvname", "gsslib"),
        *("sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl"),
        *("sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        "target_session_attrs",
    }
)
# What asyncpg does not know and what changes nothing when it is left out.
_LEFT_OUT = frozenset(
    {
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout", "client_encoding", "fallback_application_name", "sslsni"),
        *("sslcompression", "load_balance_hosts"),
    }
)
_HARMLESS_UNLESS_REQUIRED = frozenset({"channel_binding", "gssencmode"})
_OWN_FIELDS = ("host", "port", "user", "password", "dbname", "database", "connect_timeout")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrl:
    """Where a database is and how to log in; neither str nor repr shows a secret.

    `timeout_s` is the URL's connect_timeout, None without one, 0 for no limit.
    A host that starts with / is the directory of a socket.
    """

    user: str | None = None
    database: str | None = None
    hosts: tuple[tuple[str, int | None], ...] = ()
    timeout_s: float | None = None
    driver: str = "asyncpg"
    password: str | None = field(default=None, repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The URL that `text` spells: libpq's forms, with or without SQLAlchemy's +driver.

        Raises:
            ConfigError: not such an URL; names the offending part, never a password.
        """
        parts = split_url(text)
        query = dict(parts.query)
        if parts.driver not in DRIVERS:
            raise refuse(f"the driver is none of {', '.join(DRIVERS)}")
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
        """The URL for a driver's own `dsn`: libpq's form, without connect_timeout."""
        return f"postgresql://{self._text(self.parameters)}"

    @property
    def text(self) -> str:
        """The whole URL in libpq's form (other drivers than asyncpg are named); `parse` reads it."""
        return self.sqlalchemy_url.replace("postgresql+asyncpg://", "postgresql://", 1)

    @property
    def sqlalchemy_url(self) -> str:
        """The whole URL in SQLAlchemy's form; `parse` reads it, engine_arguments connects."""
        timeout = () if self.timeout_s is None else (("connect_timeout", str(int(self.timeout_s))),)
        text = self._text((*self.parameters, *timeout))
        return f"postgresql+{self.driver}://{text}"

    @property
    def engine_url(self) -> str:
        """Return create_engine's arguments beside `engine_arguments()`: the driver and the login's name.

        Code that is given a connection may ask its engine's URL who it is.
        """
        login = "" if self.user is None else f"{_quote(self.user)}@"
        return f"postgresql+{self.driver}://{login}"

    def engine_arguments(self) -> dict[str, dict[str, Any]]:
        """Keyword arguments of create_async_engine: everything goes to the driver itself."""
        if self.driver != "asyncpg":
            return {"connect_args": self._libpq_keywords()}
        if self.timeout_s is None:
            return {"connect_args": {"dsn": self.dsn}}
        return {"connect_args": {"dsn": self.dsn, "timeout": self.timeout_s or None}}

    @property
    def display(self) -> str:
        """`user@host/database`, or `database on socket directory`; never a password."""
        if self.is_socket:
            user = f" as {self.user}" if self.user else ""
            return f"{self.database or self.user or 'default'} on socket {self.hosts[0][0]}{user}"
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self._host_list or 'default host'}/{self.database or self.user or ''}"

    @property
    def is_socket(self) -> bool:
        """Whether the (first) host is the directory of a Unix socket."""
        return bool(self.hosts) and self.hosts[0][0].startswith("/")

    def with_database(self, name: str) -> Self:
        """The same server and login, another database."""
        return replace(self, database=name)

    def with_user(self, name: str, password: str | None = None) -> Self:
        """The same database, another login; the old password does not stay."""
        return replace(self, user=name, password=password)

    def _libpq_keywords(self) -> dict[str, Any]:
        """The keywords of a driver that is built on libpq, those that have a value."""
        places = _places(self.hosts)
        login = (("user", self.user), ("password", self.password), ("dbname", self.database))
        timeout = None if self.timeout_s is None else str(int(self.timeout_s))
        pairs = (*places, *login, ("connect_timeout", timeout), *self.parameters)
        return {name: value for name, value in pairs if value is not None}

    @property
    def _host_list(self) -> str:
        """`host:port,…` as it stands in an URL, without escapes."""
        names = ((f"[{name}]" if ":" in name else name, port) for name, port in self.hosts)
        return ",".join(name if port is None else f"{name}:{port}" for name, port in names)

    def _text(self, parameters: tuple[tuple[str, str], ...]) -> str:
        """Everything behind ://, percent-encoded; sockets stand in the query, as paths."""
        login = "" if self.user is None else _quote(self.user)
        if self.password is not None:
            login += f":{_quote(self.password)}"
        is_in_query = self.is_socket or not any(name for name, _ in self.hosts)
        hosts = "" if is_in_query else quote(self._host_list, safe=":,[]")
        places = _places(self.hosts) if is_in_query else ()
        query = "&".join(f"{name}={_in_query(value)}" for name, value in (*places, *parameters))
        authority = f"{login}@{hosts}" if login else hosts
        return f"{authority}/{_quote(self.database or '')}" + (f"?{query}" if query else "")


def usable_url(text: str, *, where: str) -> str:
    """The text, if `DatabaseUrl` reads it; `where` is the place that has it.

    Raises:
        ConfigError: it does not.
    """
    try:
        DatabaseUrl.parse(text)
    except ConfigError as error:
        raise ConfigError(error.what, where=where, todo=error.todo) from error
    return text


def _quote(text: str) -> str:
    return quote(text, safe="")


def _in_query(text: str) -> str:
    """The text percent-encoded where it must be: a path has no need (RFC 3986, 3.4).

    Many an env.py puts its URL into Alembic's configuration as it is, which takes no percent sign.
    """
    return quote(text, safe="/")


def _places(hosts: tuple[tuple[str, int | None], ...]) -> tuple[tuple[str, str], ...]:
    """Hosts and ports as query parameters: sockets, or a port without a host."""
    names = ",".join(name for name, _ in hosts)
    has_port = any(port is not None for _, port in hosts)
    ports = ",".join(str(port or 5432) for _, port in hosts) if has_port else ""
    return tuple(item for item in (("host", names), ("port", ports)) if item[1].strip(","))


def _hosts(parts: UrlText) -> tuple[tuple[str, int | None], ...]:
    """The hosts of the query when it names any, else those before the path."""
    query = dict(parts.query)
    if query.get("host"):
        return split_hosts(query["host"], query.get("port", ""))
    if query.get("port"):
        return split_hosts(",".join(name for name, _ in parts.hosts), query["port"])
    return parts.hosts


def _timeout(text: str | None) -> float | None:
    if not text:
        return None
    try:
        return max(float(int(text)), 0.0)
    except ValueError:
        raise refuse("connect_timeout is not a whole number of seconds") from None


def _parameters(query: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The parameters that the driver is given, sorted by name."""
    kept: dict[str, str] = {}
    for name, value in query.items():
        name = "sslmode" if name == "ssl" else name
        if name in _PASSED_ON and value:
            kept[name] = value
        elif name in _HARMLESS_UNLESS_REQUIRED and value == "require":
            raise refuse(f"{name}=require is more than the driver can promise; leave it out")
        elif name not in (_PASSED_ON | _LEFT_OUT | _HARMLESS_UNLESS_REQUIRED | {*_OWN_FIELDS}):
            raise refuse(f"it has a query parameter that is not known{_named(name, query)}")
    if kept.get("sslmode", "prefer") not in _SSL_MODES:
        raise refuse(f"sslmode is none of {', '.join(_SSL_MODES)}")
    return tuple(sorted(kept.items()))


def _named(name: str, query: dict[str, str]) -> str:
    """The parameter's name, unless it may be a piece of a password that holds a raw ? or &."""
    is_printable = name.isidentifier() and not any("@" in value for value in query.values())
    return f": {name}" if is_printable else ""
