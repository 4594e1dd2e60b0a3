"""The rule `revision-id-too-long`."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.history.project import Project
from alembic_proof.lint import lint, read_history
from alembic_proof.lint.rules.revision_id_too_long import RULE


@pytest.mark.parametrize(
    ("length", "env", "messages"),
    [
        (32, "", []),
        (33, "", ["the revision id has 33 characters; alembic_version.version_num takes 32"]),
        (33, "CREATE = 'CREATE TABLE alembic_version (version_num text)'", []),
    ],
)
def test_an_id_of_more_than_32_characters_is_found(
    tmp_path: Path, length: int, env: str, messages: list[str]
) -> None:
    """An env.py that creates the version table itself is clean."""
    tmp_path.joinpath("alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    tmp_path.joinpath("env.py").write_text(env)
    tmp_path.joinpath("versions").mkdir()
    tmp_path.joinpath("versions", "a.py").write_text(f"revision = '{'a' * length}'\n")

    history = read_history(Project(file=tmp_path / "alembic.ini"))

    assert [one.message for one in lint(history, rules=(RULE,))] == messages
