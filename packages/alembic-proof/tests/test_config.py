"""Reading `[tool.alembic-proof]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_deploy.errors import ConfigError
from alembic_proof.config import SETTINGS, Declaration, Settings, read_settings
from alembic_proof.history.project import find_project


def _write(directory: Path, text: str) -> Path:
    directory.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
    return directory


def _table(directory: Path, body: str) -> Path:
    return _write(directory, f"[tool.alembic-proof]\n{body}")


def test_a_directory_without_the_file_has_no_configuration(tmp_path: Path) -> None:
    """A project without the file has no settings."""
    assert read_settings(tmp_path) is None
    assert read_settings(tmp_path / "missing") is None


def test_a_file_without_the_table_has_no_configuration(tmp_path: Path) -> None:
    """The table of another tool does not count."""
    assert read_settings(_write(tmp_path, "[tool.other]\nkey = 1\n")) is None


def test_an_empty_table_is_a_configuration_of_defaults(tmp_path: Path) -> None:
    """An empty table has the same settings as a project without it."""
    assert read_settings(_table(tmp_path, "")) == Settings(directory=tmp_path)


def test_every_key_arrives(tmp_path: Path) -> None:
    """A key of the table is a field of the settings."""
    body = (
        'scratch_url_env = "SHOP_SCRATCH"\nfrozen_from = ["shop", "till"]\n'
        '[tool.alembic-deploy]\nurl_env = "SHOP_URL"\n'
    )

    settings = read_settings(_table(tmp_path, body))

    assert settings == Settings(
        directory=tmp_path,
        url_env="SHOP_URL",
        scratch_url_env="SHOP_SCRATCH",
        frozen_from=("shop", "till"),
    )


def test_the_parts_of_a_url_have_the_local_server_listen_on_tcp(tmp_path: Path) -> None:
    """Unless the settings say otherwise: a host name is no directory of a socket."""
    parts = 'url_parts_env = { host = "DB_HOST", port = "DB_PORT" }\n'

    settings = read_settings(_table(tmp_path, parts))
    assert settings is not None
    assert (settings.url_parts_env, settings.is_tcp) == (
        (("host", "DB_HOST"), ("port", "DB_PORT")),
        True,
    )
    for body, is_tcp in (
        (parts + "url_tcp = false\n", False),
        ("url_tcp = true\n", True),
        ("", False),
    ):
        settings = read_settings(_table(tmp_path, body))
        assert settings is not None
        assert settings.is_tcp is is_tcp


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
        read_settings(_table(tmp_path, body))

    assert said in str(caught.value)


def test_the_settings_of_an_old_history_are_read(tmp_path: Path) -> None:
    """Files are absolute, tables become tuples in their order."""
    body = (
        'url_x_arg = "db"\nurl_ini_key = "shop.url"\ndriver = "psycopg2"\n'
        'flask_app = "shop:app"\nserver_url = "postgresql://h/x"\nroles = ["reader"]\n'
        'start_revision = "ab"\nstart_sql = "start.sql"\nignore = ["table:x"]\n'
        'rows = "shop:rows"\nwithout_rows = ["public.big"]\ncolumn_order = true\n'
        '[tool.alembic-proof.exceptions]\nab = { lossy = "a", irreversible = "b" }\n'
        '[tool.alembic-proof.skip]\ncd = "slow"\n'
    )

    settings = read_settings(_table(tmp_path, body))

    assert settings == Settings(
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
        without_rows=("public.big",),
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
        ("oldest_postgres = 14\n", "oldest_postgres in .* is not a major version"),
    ],
)
def test_half_a_setting_is_refused(tmp_path: Path, body: str, said: str) -> None:
    """With the key, down to the revision that it is about."""
    with pytest.raises(ConfigError, match=said):
        read_settings(_table(tmp_path, body))


def test_an_unknown_key_names_the_known_ones_and_the_nearest(tmp_path: Path) -> None:
    """A typing error is an error that shows the way out."""
    with pytest.raises(ConfigError) as caught:
        read_settings(_table(tmp_path, 'scratch_urls_env = "x"\n'))

    assert caught.value.what == "unknown key 'scratch_urls_env' in [tool.alembic-proof]"
    assert "did you mean 'scratch_url_env'?" in caught.value.todo
    assert all(key in caught.value.todo for key in SETTINGS)


def test_an_unknown_key_far_from_all_others_suggests_nothing(tmp_path: Path) -> None:
    """A suggestion is made only where there is a near one."""
    with pytest.raises(ConfigError) as caught:
        read_settings(_table(tmp_path, "zzz = 1\n"))

    assert caught.value.todo.startswith("the known keys are ")


@pytest.mark.parametrize(
    "body",
    [
        "scratch_url_env = 1\n",
        'scratch_url_env = ""\n',
        'scratch_url_env = "A B"\n',
        'scratch_url_env = "A=B"\n',
        'frozen_from = "shop"\n',
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_key(tmp_path: Path, body: str) -> None:
    """Strings are non-empty, variables' names are names, and a list of packages is a list."""
    with pytest.raises(ConfigError, match=body.split()[0]):
        read_settings(_table(tmp_path, body))


def test_the_keys_of_the_local_server_are_in_their_own_table(tmp_path: Path) -> None:
    """One error names the new table and every new key."""
    with pytest.raises(ConfigError, match="local_state, local_owner cannot be set") as caught:
        read_settings(_table(tmp_path, 'local_state = "state"\nlocal_owner = "me"\n'))

    assert "write local_state as data in [tool.local-postgres]" in caught.value.todo
    assert "write local_owner as owner in [tool.local-postgres]" in caught.value.todo


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
        read_settings(_write(tmp_path, text))

    assert caught.value.where == str(tmp_path / "pyproject.toml")
    assert caught.value.todo


def test_the_url_variable_does_not_hide_settings_above_it(tmp_path: Path) -> None:
    """`[tool.alembic-deploy]` beside alembic.ini, `[tool.alembic-proof]` above it: both count."""
    (tmp_path / ".git").mkdir()
    _table(tmp_path, 'url_x_arg = "database"\n')
    app = tmp_path / "app"
    app.mkdir()
    text = '[tool.alembic-deploy]\nurl_env = "SHOP_URL"\n'
    (app / "pyproject.toml").write_text(text, encoding="utf-8")
    (app / "alembic.ini").write_text("[alembic]\nscript_location = .\n", encoding="utf-8")

    settings = find_project(app / "alembic.ini", directory=app).settings

    assert (settings.url_env, settings.url_x_arg) == ("SHOP_URL", "database")
