"""Reading `[tool.local-postgres]`."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_postgres.database import LocalDatabase
from local_postgres.errors import SettingsError
from local_postgres.settings import EXAMPLE, find_settings, read_settings

_BODY = 'data = "../state"\ndatabase = "shop"\nowner = "keeper"\n'


def _table(directory: Path, body: str) -> Path:
    text = f"[tool.local-postgres]\n{body}"
    directory.joinpath("pyproject.toml").write_text(text, encoding="utf-8")
    return directory


def test_without_the_file_or_the_table_there_are_none(tmp_path: Path) -> None:
    """Another tool's table is not read."""
    assert read_settings(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text("[tool.other]\ndata = 1\n", encoding="utf-8")

    assert read_settings(tmp_path) is None


def test_every_key_arrives_and_the_data_is_absolute(tmp_path: Path) -> None:
    """A relative directory starts at the pyproject.toml, not at the working directory."""
    local = read_settings(_table(tmp_path, _BODY + 'app_login = "till"\n'))

    assert local == LocalDatabase(
        state=tmp_path.parent / "state", database="shop", owner="keeper", app_login="till"
    )


def test_the_example_can_be_pasted(tmp_path: Path) -> None:
    """The documentation shows it."""
    (tmp_path / "pyproject.toml").write_text(EXAMPLE, encoding="utf-8")

    assert read_settings(tmp_path) == LocalDatabase(
        state=tmp_path / ".postgres", database="shop", owner="shop", app_login="shop_app"
    )


@pytest.mark.parametrize(
    ("body", "what", "todo"),
    [
        ("data = ", "cannot read the configuration", "correct the file"),
        ("owners = 'x'\n", "unknown key 'owners'", "did you mean 'owner'?"),
        ("colour = 'x'\n", "unknown key 'colour'", "data, database, owner, app_login"),
        ("data = 1\n", "data in .* is not a non-empty string", "data = "),
        ("data = ' '\n", "data in .* is not a non-empty string", "data = "),
        ('data = "a\\u0000b"\n', "data in .* of printable characters", "data = "),
        (_BODY.replace("../state", "~no-such-user/x"), "data in .*", "existing user"),
        ("data = 'x'\n", "no database and no owner", "set data, database, owner"),
    ],
)
def test_unusable_settings_are_one_clear_error(
    tmp_path: Path, body: str, what: str, todo: str
) -> None:
    """It names the file, and what to write."""
    with pytest.raises(SettingsError, match=what) as caught:
        read_settings(_table(tmp_path, body))

    assert caught.value.where == str(tmp_path / "pyproject.toml")
    assert todo in caught.value.todo


@pytest.mark.parametrize("text", ["[tool.local_postgres]\n", "[tool]\nlocal-postgres = 1\n"])
def test_a_table_of_another_form_is_an_error(tmp_path: Path, text: str) -> None:
    """It would be passed over in silence."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match="table"):
        read_settings(tmp_path)


def test_the_nearest_one_is_found(tmp_path: Path) -> None:
    """At or above the directory, and no higher than the repository's root."""
    inner = tmp_path / "repository" / "backend" / "migrations"
    inner.mkdir(parents=True)
    _table(tmp_path, _BODY)
    outside = find_settings(inner)

    (tmp_path / "repository" / ".git").mkdir()
    assert find_settings(inner) is None
    _table(inner.parent, _BODY)

    found = find_settings(inner)
    assert outside is not None
    assert outside.state == tmp_path.parent / "state"
    assert found is not None
    assert found.state == tmp_path / "repository" / "state"
