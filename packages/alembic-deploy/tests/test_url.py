"""Every form of database URL; no password is ever shown."""

from __future__ import annotations

import subprocess
import sys

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_deploy.errors import ConfigError
from alembic_deploy.url import (
    DRIVERS,
    DatabaseUrl,
    first_installed,
    is_usable_driver,
    refuse_missing_driver,
)

_TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1)
_HOST = st.from_regex(r"[a-z0-9.-]{1,20}|/[a-zA-Z0-9 ö_%+-]{1,20}|[0-9a-f]{1,4}::1", fullmatch=True)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_scheme_becomes_the_same_dsn(scheme: str) -> None:
    """Asyncpg is given libpq's form, whatever the operator pasted."""
    url = DatabaseUrl.parse(f"{scheme}://ann:secret@db.example:6543/shop")

    assert url.dsn == "postgresql://ann:secret@db.example:6543/shop"
    assert str(url.engine_url) == "postgresql+asyncpg://ann@db.example:6543/shop"


def test_parameters_go_to_the_driver_and_the_timeout_beside_the_dsn() -> None:
    """Asyncpg would send connect_timeout to the server, which knows no such setting."""
    url = DatabaseUrl.parse(
        "postgresql://ann@db/shop?sslmode=require&connect_timeout=7"
        "&application_name=till&options=-c%20work_mem%3D8MB"
    )

    assert url.engine_arguments() == {
        "connect_args": {
            "dsn": "postgresql://ann@db/shop"
            "?application_name=till&options=-c%20work_mem%3D8MB&sslmode=require",
            "timeout": 7.0,
        }
    }


def test_an_url_without_a_timeout_leaves_the_drivers_own() -> None:
    """No connect_timeout is no argument; 0 means no limit, as in libpq."""
    assert DatabaseUrl.parse("postgresql://db/shop").timeout_s is None
    assert (
        "timeout"
        not in DatabaseUrl.parse("postgresql://db/shop").engine_arguments()["connect_args"]
    )
    arguments = DatabaseUrl.parse("postgresql://db/shop?connect_timeout=0").engine_arguments()
    assert arguments["connect_args"]["timeout"] is None


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql:///shop?host=/run/pg", (("/run/pg", None),)),
        ("postgresql:///shop?host=%2Frun%2Fp%20g&port=5433", (("/run/p g", 5433),)),
        ("postgresql://%2Frun%2Fpg/shop", (("/run/pg", None),)),
        ("postgresql://[::1]:5433/shop", (("::1", 5433),)),
        ("postgresql://a:1,b:2/shop", (("a", 1), ("b", 2))),
        ("postgresql:///shop?host=a,b&port=5433", (("a", 5433), ("b", 5433))),
        ("postgresql://a/shop?port=5433", (("a", 5433),)),
        ("postgresql:///shop", ()),
    ],
)
def test_hosts_are_read_from_every_place(
    text: str, hosts: tuple[tuple[str, int | None], ...]
) -> None:
    """Sockets, IPv6 addresses, several hosts, and ports in the query."""
    assert DatabaseUrl.parse(text).hosts == hosts


def test_a_plus_is_a_plus_in_libpqs_form_and_a_space_in_sqlalchemys() -> None:
    """Each form is read by its own rule, and written so that both agree."""
    libpq = DatabaseUrl.parse("postgresql:///shop?host=/c++/pg")
    sqlalchemy = DatabaseUrl.parse("postgresql+asyncpg:///shop?host=/a+b")

    assert libpq.hosts == (("/c++/pg", None),)
    assert sqlalchemy.hosts == (("/a b", None),)
    assert "/c%2B%2B/pg" in libpq.dsn


@given(user=_TEXT, password=_TEXT, database=_TEXT, host=_HOST, port=st.integers(1, 65535))
def test_what_is_written_is_read_back(
    user: str, password: str, database: str, host: str, port: int
) -> None:
    """Names and passwords of any characters survive the round trip, at every kind of host."""
    url = DatabaseUrl(
        user=user, password=password, database=database, hosts=((host, port),), timeout_s=3.0
    )

    assert DatabaseUrl.parse(url.sqlalchemy_url) == url
    assert DatabaseUrl.parse(url.text) == url


@given(user=_TEXT, password=st.text(st.sampled_from("äQ7@:/?#%& "), min_size=8))
def test_no_password_shows_in_str_or_repr(user: str, password: str) -> None:
    """Whatever prints the value prints no secret."""
    url = DatabaseUrl(user="ann", password=password, database="shop", hosts=(("db", 5432),))

    assert password not in str(url) + repr(url) + url.display
    assert url.display == "ann@db:5432/shop"


def test_a_key_password_does_not_show_either() -> None:
    """The repr leaves out the parameters, and the display never had them."""
    url = DatabaseUrl.parse("postgresql://db/shop?sslpassword=hush&password=quiet")

    assert "hush" not in repr(url) + str(url)
    assert "quiet" not in repr(url) + str(url)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "postgresql://"),
        ("db.example/shop", "postgresql://"),
        ("mysql://u:SECRET@h/shop", "postgresql://"),
        ("postgresql+oracle://u:SECRET@h/shop", "driver"),
        ("postgresql://u:SECRET@h:port/shop", "port"),
        ("postgresql://u:SECRET@h:70000/shop", "port"),
        ("postgresql://u:SEC/RET@h/shop", "%2F"),
        ("postgresql://u:12/SECRET@h/shop", "%2F"),
        ("postgresql://u:/SECRET@h/shop", "%2F"),
        ("postgresql://u:p@SEC/RET@h/shop", "%2F"),
        ("postgresql://u:p@SEC:5/RET@h/shop", "%2F"),
        ("postgresql://u:SECRET@h/shop?keepalives_idle=soon", "keepalives_idle"),
        ("postgresql://u:SECRET\udcff@h/shop", "UTF-8"),
        ("postgresql://u:12?SECRET=1@h/shop", "not known"),
        ("postgresql://u:SECRET%zz@h/shop", "password"),
        ("postgresql://u:SECRET%ff@h/shop", "password"),
        ("postgresql://u:SECRET%00@h/shop", "password"),
        ("postgresql://u:SECRET@h/shop?sslmode=maybe", "sslmode"),
        ("postgresql://u:SECRET@h/shop?connect_timeout=soon", "connect_timeout"),
        ("postgresql://u:SECRET@h/shop?colour=red", "colour"),
        ("postgresql://u:SECRET@h/shop?channel_binding=require", "channel_binding"),
        ("postgresql://u:SECRET@h/shop?colour", "="),
        ("postgresql://u:SECRET@h/shop?host=a,b&port=1,2,3", "ports"),
        ("postgresql://u:SECRET@[::1/shop", "host"),
    ],
)
def test_a_malformed_url_names_the_part_and_no_password(text: str, named: str) -> None:
    """One ConfigError, whose text and chain hold no piece of the password."""
    with pytest.raises(ConfigError) as caught:
        DatabaseUrl.parse(text)

    assert named in caught.value.what
    assert "SEC" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_raw_at_sign_belongs_to_the_password(driver: str) -> None:
    """The host begins behind the last @ of the login; libpq and SQLAlchemy take the first one."""
    url = DatabaseUrl.parse(f"postgresql+{driver}://u:p@ss@host/db")

    assert (url.password, url.display) == ("p@ss", "u@host/db")
    assert url.text.endswith("://u:p%40ss@host/db")


@pytest.mark.parametrize("parameter", ["channel_binding=prefer", "sslsni=1"])
def test_parameters_that_promise_nothing_are_left_out(parameter: str) -> None:
    """Asyncpg would send them to the server as settings, and the server would refuse them."""
    assert DatabaseUrl.parse(f"postgresql://db/shop?{parameter}").dsn == "postgresql://db/shop"


_KEEPALIVES = "keepalives_count=3&keepalives_idle=7&keepalives_interval=2&tcp_user_timeout=9000"


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_keepalives_go_to_libpq(driver: str) -> None:
    """They are keywords of libpq, and stay in the URL."""
    url = DatabaseUrl.parse(f"postgresql+{driver}://db/shop?{_KEEPALIVES}")

    pairs = dict(pair.split("=") for pair in _KEEPALIVES.split("&"))
    assert pairs.items() <= url.engine_arguments()["connect_args"].items()
    assert url.text == f"postgresql+{driver}://db/shop?{_KEEPALIVES}"


def test_asyncpg_gets_keepalives_beside_its_dsn() -> None:
    """It would send them to the server as settings, and the server would refuse them."""
    url = DatabaseUrl.parse(f"postgresql+asyncpg://db/shop?{_KEEPALIVES}")

    arguments = url.engine_arguments()["connect_args"]
    assert arguments["dsn"] == "postgresql://db/shop"
    assert issubclass(arguments["connection_class"], asyncpg.Connection)
    assert url.text == f"postgresql://db/shop?{_KEEPALIVES}"


def test_another_database_and_another_login_keep_the_rest() -> None:
    """The password goes with the login that it belonged to."""
    url = DatabaseUrl.parse("postgresql://ann:secret@db/shop?sslmode=require")

    assert url.with_database("a/b").dsn == "postgresql://ann:secret@db/a%2Fb?sslmode=require"
    assert url.with_user("bob").dsn == "postgresql://bob@db/shop?sslmode=require"
    assert url.with_user("bob", "p:w").dsn == "postgresql://bob:p%3Aw@db/shop?sslmode=require"


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("postgresql://ann:x@db/shop", "ann@db/shop"),
        ("postgresql://ann:x@[::1]:5433/shop", "ann@[::1]:5433/shop"),
        ("postgresql://ann@/shop?host=/run/pg", "shop on socket /run/pg as ann"),
        ("postgresql:///shop", "default host/shop"),
        ("postgresql://ann@db", "ann@db/ann"),
    ],
)
def test_the_display_names_host_and_database(text: str, display: str) -> None:
    """It is used in messages."""
    assert DatabaseUrl.parse(text).display == display


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_drivers_on_libpq_get_its_keywords(driver: str) -> None:
    """The project's driver is the one its URL names."""
    url = DatabaseUrl.parse(f"postgresql+{driver}://ann:pw@db:6543/shop?connect_timeout=3")

    assert str(url.engine_url) == f"postgresql+{driver}://ann@db:6543/shop"
    assert url.engine_arguments()["connect_args"] == {
        "host": "db",
        "port": "6543",
        "user": "ann",
        "password": "pw",
        "connect_timeout": "3",
    }


_WITHOUT_ASYNCPG = """
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "asyncpg":
            raise AssertionError("it is imported, not only looked for")
        return None

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "asyncpg" else found(name, *more)
sys.meta_path.insert(0, Hidden())

from alembic_deploy.url import DatabaseUrl
print(DatabaseUrl.parse("postgresql://db/boards").driver)
print(DatabaseUrl.parse("postgresql+asyncpg://db/boards").driver)
"""


@pytest.mark.parametrize(
    ("drivers", "chosen"),
    [
        pytest.param(DRIVERS, "asyncpg", id="ours"),
        pytest.param(("no_such_driver", "psycopg", "asyncpg"), "psycopg", id="the first"),
        pytest.param(("no_such_driver", "no_such_either"), "no_such_driver", id="none"),
    ],
)
def test_the_first_installed_driver_is_chosen(drivers: tuple[str, ...], chosen: str) -> None:
    """The first that is installed; the first of all if none is."""
    assert first_installed(drivers) == chosen


def test_a_project_without_asyncpg_is_served_by_the_driver_that_it_has() -> None:
    """A URL without a driver gets an installed one; one with a driver keeps it."""
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_ASYNCPG], check=True, capture_output=True, text=True
    )

    assert run.stdout.split() == ["psycopg", "asyncpg"]


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("psycopg2", "the driver psycopg2 is not installed"),
        ("nothing", "the driver nothing is not known to this SQLAlchemy"),
    ],
)
def test_a_driver_that_cannot_be_used_is_one_clear_error(driver: str, said: str) -> None:
    """Instead of a traceback out of SQLAlchemy."""
    with pytest.raises(ConfigError, match=said) as caught:
        refuse_missing_driver(driver)

    assert not is_usable_driver(driver)
    assert "install one of asyncpg, psycopg, psycopg2" in caught.value.todo


def test_an_installed_driver_can_be_used() -> None:
    """It raises nothing."""
    refuse_missing_driver("asyncpg")

    assert is_usable_driver("psycopg")
