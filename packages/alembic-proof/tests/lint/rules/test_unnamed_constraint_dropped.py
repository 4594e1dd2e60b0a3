"""The rule `unnamed-constraint-dropped`."""

from __future__ import annotations

import pytest

from alembic_proof.lint.rules.unnamed_constraint_dropped import RULE

from .found import found

_FAILS = "drop_constraint(None) fails: the constraint needs its name"


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (
            'op.create_foreign_key(None, "notes", "users", ["user_id"], ["id"])',
            "notes_user_id_fkey",
        ),
        (
            'op.create_foreign_key(None, "notes", "users", local_cols=["a", "b"], remote_cols=["c"])',
            "notes_a_b_fkey",
        ),
        ('op.create_unique_constraint(None, "notes", ["slug"])', "notes_slug_key"),
    ],
)
def test_the_generated_constraint_name_is_suggested(made: str, name: str) -> None:
    """PostgreSQL composes the name of the table and the columns."""
    text = f"def upgrade():\n    {made}\ndef downgrade():\n    op.drop_constraint(None, 'notes')"

    assert found(RULE, text) == [
        f"4: {_FAILS}; without a naming convention PostgreSQL called it {name}"
    ]


@pytest.mark.parametrize(
    "statement",
    [
        'op.drop_constraint(None, "notes", type_="foreignkey")',
        'op.drop_constraint(constraint_name=None, table_name="notes")',
        "with op.batch_alter_table('notes') as batch:\n        batch.drop_constraint(None)",
        "drop()\ndef drop():\n    op.drop_constraint(None, 'notes')",
    ],
)
def test_every_call_that_drops_an_unnamed_constraint_is_found(statement: str) -> None:
    """The argument may be positional or named, in a batch or in a function of the file."""
    (one,) = found(RULE, f"def downgrade():\n    {statement}")

    assert one.endswith(_FAILS)


def test_an_index_is_named_as_well() -> None:
    """DROP INDEX needs the name."""
    assert found(RULE, "def downgrade():\n    op.drop_index(None, table_name='notes')") == [
        "2: drop_index(None) fails: the index needs its name"
    ]


@pytest.mark.parametrize("name", ["'fk_notes'", "op.f('fk_notes')", "NAME", "None if x else 'a'"])
def test_a_name_that_is_given_is_clean(name: str) -> None:
    """The name may be any expression."""
    assert found(RULE, f"def downgrade():\n    op.drop_constraint({name}, 'notes')") == []
