"""Reading `[tool.alembic-proof]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.config import KNOWN_KEYS, Config, Declaration, read_config
from alembic_proof.errors import ConfigError

_LOCAL = 'local_state = "../state"\nlocal_database = "shop"\nlocal_owner = "shopkeeper"\n'


def _write(directory: Path, text: str) -> Path:
    directory.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
    return directory


def _table(directory: Path, body: str) -> Path:
    return _write(directory, f"[tool.alembic-proof]\n{body}")


def test_a_directory_without_the_file_has_no_configuration(tmp_path: Path) -> None:
    """Only a project that says something has a Config."""
    assert read_config(tmp_path) is None
    assert read_config(tmp_path / "missing") is None


def test_a_file_without_the_table_has_no_configuration(tmp_path: Path) -> None:
    """Another tool's table is none of ours."""
    assert read_config(_write(tmp_path, "[tool.other]\nkey = 1\n")) is None


def test_an_empty_table_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    """The table's presence is enough; revisions are frozen from alembic_proof by default."""
    assert read_config(_table(tmp_path, "")) == Config(directory=tmp_path)


def test_every_key_arrives_and_the_state_is_absolute(tmp_path: Path) -> None:
    """A relative local_state starts at the pyproject.toml, not at the working directory."""
    body = (
        'local_app_login = "shop_app"\nurl_env = "SHOP_URL"\n'
        'scratch_url_env = "SHOP_SCRATCH"\nfrozen_from = ["shop", "till"]\n'
    )

    config = read_config(_table(tmp_path, _LOCAL + body))

    assert config == Config(
        directory=tmp_path,
        local_state=tmp_path.parent / "state",
        local_database="shop",
        local_owner="shopkeeper",
        local_app_login="shop_app",
        url_env="SHOP_URL",
        scratch_url_env="SHOP_SCRATCH",
        frozen_from=("shop", "till"),
    )


def test_the_parts_of_a_url_have_the_local_server_listen_on_tcp(tmp_path: Path) -> None:
    """Unless the settings say otherwise: a host name is no directory of a socket."""
    parts = 'url_parts_env = { host = "DB_HOST", port = "DB_PORT" }\n'

    config = read_config(_table(tmp_path, parts))
    assert config is not None
    assert (config.url_parts_env, config.is_tcp) == (
        (("host", "DB_HOST"), ("port", "DB_PORT")),
        True,
    )
    for body, is_tcp in (
        (parts + "url_tcp = false\n", False),
        ("url_tcp = true\n", True),
        ("", False),
    ):
        config = read_config(_table(tmp_path, body))
        assert config is not None
        assert config.is_tcp is is_tcp


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            'url_parts_env = "DB_HOST"',
            "url_parts_env in [tool.alembic-proof] is not a table of host",
        ),
        (
            'url_parts_ini = { name = "db.name" }',
            "url_parts_ini in [tool.alembic-proof] is not a table",
        ),
        ("url_tcp = 1", "url_tcp in [tool.alembic-proof] is not true or false"),
        ('url_tcp = true\nserver_url = "postgresql://h/x"', "server_url names another one"),
    ],
)
def test_half_a_route_by_parts_is_refused(tmp_path: Path, body: str, said: str) -> None:
    """By the key that is wrong."""
    with pytest.raises(ConfigError) as caught:
        read_config(_table(tmp_path, body))

    assert said in str(caught.value)


def test_the_settings_of_an_old_history_are_read(tmp_path: Path) -> None:
    """Files are absolute, tables become tuples in their order."""
    body = (
        'url_x_arg = "db"\nurl_ini_key = "shop.url"\ndriver = "psycopg2"\n'
        'flask_app = "shop:app"\nserver_url = "postgresql://h/x"\nroles = ["reader"]\n'
        'start_revision = "ab"\nstart_sql = "start.sql"\nignore = ["table:x"]\n'
        'rows = "shop:rows"\nleave_out = ["public.big"]\ncolumn_order = true\n'
        '[tool.alembic-proof.exceptions]\nab = { lossy = "a", irreversible = "b" }\n'
        '[tool.alembic-proof.skip]\ncd = "slow"\n'
    )

    config = read_config(_table(tmp_path, body))

    assert config == Config(
        directory=tmp_path,
        url_x_arg="db",
        url_ini_key="shop.url",
        driver="psycopg2",
        flask_app="shop:app",
        server_url="postgresql://h/x",
        roles=("reader",),
        start_revision="ab",
        start_sql=(tmp_path / "start.sql",),
        exceptions=(
            Declaration(revision="ab", kind="lossy", reason="a"),
            Declaration(revision="ab", kind="irreversible", reason="b"),
        ),
        skip=(("cd", "slow"),),
        ignore=("table:x",),
        rows="shop:rows",
        leave_out=("public.big",),
        column_order=True,
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('exceptions = { ab = "why" }\n', "exceptions.ab in .* is not"),
        ("exceptions = { ab = {} }\n", "exceptions.ab in .* is not"),
        ('exceptions = { ab = { loosy = "x" } }\n', "unknown exception 'loosy' of ab"),
        ('exceptions = { ab = { lossy = "" } }\n', "exceptions.ab.lossy in"),
        ('skip = ["ab"]\n', "skip in .* is not a table of revisions"),
        ("skip = { ab = 1 }\n", "skip.ab in .* is not a non-empty string"),
        ('start_revision = "ab"\n', "start_revision in .* needs start_sql"),
        ("start_sql = [1]\n", "start_sql in"),
        ('column_order = "yes"\n', "column_order in .* is not true or false"),
    ],
)
def test_half_a_setting_is_refused(tmp_path: Path, body: str, said: str) -> None:
    """With the key, down to the revision that it is about."""
    with pytest.raises(ConfigError, match=said):
        read_config(_table(tmp_path, body))


def test_an_unknown_key_names_the_known_ones_and_the_nearest(tmp_path: Path) -> None:
    """A typing error is an error that shows the way out."""
    with pytest.raises(ConfigError) as caught:
        read_config(_table(tmp_path, 'local_owners = "x"\n'))

    assert caught.value.what == "unknown key 'local_owners' in [tool.alembic-proof]"
    assert "did you mean 'local_owner'?" in caught.value.todo
    assert all(key in caught.value.todo for key in KNOWN_KEYS)


def test_an_unknown_key_far_from_all_others_suggests_nothing(tmp_path: Path) -> None:
    """A suggestion is made only where there is a near one."""
    with pytest.raises(ConfigError) as caught:
        read_config(_table(tmp_path, "zzz = 1\n"))

    assert caught.value.todo.startswith("the known keys are ")


@pytest.mark.parametrize(
    "body",
    [
        "url_env = 1\n",
        'url_env = ""\n',
        'url_env = "A B"\n',
        'scratch_url_env = "A=B"\n',
        'frozen_from = "shop"\n',
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_key(tmp_path: Path, body: str) -> None:
    """Strings are non-empty, variables' names are names, and a list of packages is a list."""
    with pytest.raises(ConfigError, match=body.split()[0]):
        read_config(_table(tmp_path, body))


def test_half_a_local_database_is_refused(tmp_path: Path) -> None:
    """State, database and owner describe a local database only together."""
    with pytest.raises(ConfigError, match="local_database, local_owner is missing"):
        read_config(_table(tmp_path, 'local_state = "state"\n'))


@pytest.mark.parametrize(
    "text",
    [
        "[tool.alembic-proof\n",
        "tool = 1\n[broken",
        "[tool]\nalembic-proof = 3\n",
        "[tool.alembic_proof]\nrows = 3\n",
        "[tool.alembic-proof]\nrows = 3\n",
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(tmp_path: Path, text: str) -> None:
    """The file is named, and nothing but ConfigError escapes, with the next step."""
    with pytest.raises(ConfigError) as caught:
        read_config(_write(tmp_path, text))

    assert caught.value.where == str(tmp_path / "pyproject.toml")
    assert caught.value.todo
