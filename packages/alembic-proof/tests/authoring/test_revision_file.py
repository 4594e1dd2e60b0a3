"""The imports that a revision needs for the types that Alembic writes with their modules."""

from __future__ import annotations

import pytest

from alembic_proof.authoring.revision_file import with_missing_imports

_FILE = """\
import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    op.add_column("a", sa.Column("b", {type}()))
"""


@pytest.mark.parametrize(
    ("type_", "imported"),
    [
        ("email.mime.text.MIMEText", ["import email.mime.text\n"]),
        ("email.mime.text.MIMEText.x", ["import email.mime.text\n"]),
        ("sa.Text", []),
        ("sa.dialects.postgresql.JSONB", []),
        ("op.f", []),
        ("nowhere.Type", []),
        ("str.upper", []),
    ],
)
def test_a_loaded_module_that_is_only_named_is_imported(type_: str, imported: list[str]) -> None:
    """Behind the other plain imports; what is bound, or is no module, stays as it is."""
    import email.mime.text  # noqa: F401  it must be loaded

    text = _FILE.format(type=type_)

    lines = with_missing_imports(text).splitlines(keepends=True)

    assert lines[1 : 1 + len(imported)] == imported
    assert "".join([lines[0], *lines[1 + len(imported) :]]) == text


def test_a_name_that_the_file_binds_is_no_module() -> None:
    """An argument or a variable may be called like one."""
    text = "def upgrade(json):\n    ast = json.loads(1)\n    return ast.parse\n"

    assert with_missing_imports(text) == text


def test_a_file_without_imports_gets_one_at_its_beginning() -> None:
    """There is no other place that is surely before the use."""
    assert with_missing_imports("x = json.JSONEncoder()\n").startswith("import json\n")
