"""A constraint or an index that is dropped without its name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, is_none, keyword, text_of
from alembic_proof.lint.revision import ParsedHistory, RevisionFile
from alembic_proof.lint.rule import Rule, SourceFile

_LONGEST_NAME = 63
_DROPS = {"drop_constraint": "constraint_name", "drop_index": "index_name"}
_MAKERS = {
    "create_foreign_key": ("fkey", 3),
    "create_unique_constraint": ("key", 2),
}
"""The operation: the suffix of PostgreSQL's own name, and the position of the columns."""


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each call that drops None."""
    for revision in history.revisions:
        code = Code.of(revision)
        for direction in code.directions():
            for call in code.calls(direction):
                operation = call.name.rpartition(".")[2]
                if operation in _DROPS and _is_unnamed(call.node, _DROPS[operation]):
                    yield _finding(revision, code, call, operation)


def _is_unnamed(call: ast.Call, argument: str) -> bool:
    return is_none(keyword(call, argument, position=0))


def _finding(revision: RevisionFile, code: Code, call: Call, operation: str) -> Finding:
    kind = "constraint" if operation == "drop_constraint" else "index"
    table = text_of(keyword(call.node, "table_name", position=1))
    names = _names_by_postgres(code, table) if kind == "constraint" and table else ()
    given = f"; without a naming convention PostgreSQL called it {names[0]}" if names else ""
    # A naming convention of the metadata can name a primary key by its table alone.
    is_primary = text_of(keyword(call.node, "type_", position=2)) == "primary"
    return Finding(
        id=RULE.id,
        message=f"{operation}(None) fails: the {kind} needs its name{given}",
        severity=Severity.WARNING if is_primary else Severity.ERROR,
        location=revision.at(call.node),
        help="name it in both directions, or give the metadata a naming_convention",
    )


def _names_by_postgres(code: Code, table: str) -> tuple[str, ...]:
    """Return PostgreSQL's name for the only unnamed constraint that upgrade() creates on the table.

    Source: PostgreSQL's ChooseConstraintName, table_columns_suffix; names that PostgreSQL shortens are left out.
    """
    upgrade = code.revision.upgrade
    made = [
        name
        for call in (code.calls(upgrade) if upgrade else ())
        for name in _made(call.node, call.name.rpartition(".")[2], table)
    ]
    return tuple(made) if len(made) == 1 and len(made[0].encode()) <= _LONGEST_NAME else ()


def _made(call: ast.Call, operation: str, table: str) -> Iterator[str]:
    if operation not in _MAKERS or not is_none(keyword(call, "constraint_name", position=0)):
        return
    suffix, position = _MAKERS[operation]
    columns = keyword(call, "local_cols", "columns", position=position)
    source = text_of(keyword(call, "source_table", "table_name", position=1))
    if source == table and isinstance(columns, ast.List | ast.Tuple):
        names = [text_of(column) for column in columns.elts]
        if all(names):
            yield "_".join([table, *names, suffix])


_BAD = """\
revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_foreign_key(None, "notes", "users", ["user_id"], ["id"])


def downgrade() -> None:
    op.drop_constraint(None, "notes", type_="foreignkey")
"""

RULE = Rule(
    id="unnamed-constraint-dropped",
    title="Constraint or index that is dropped without its name",
    what_happens=(
        "PostgreSQL drops a constraint or an index by its name. `op.drop_constraint(None, …)`, "
        "as autogenerate writes it for an unnamed constraint, fails: the revision cannot be "
        "downgraded."
    ),
    what_to_do=(
        "Name the constraint in the model and in both directions, or give the metadata a "
        "`naming_convention`. For an existing constraint, write the name that PostgreSQL gave it "
        "(`\\\\d table` in psql shows it): usually `table_column_fkey`, `table_column_key`, "
        "`table_column_check` or `table_pkey`."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/naming.html",
    bad=(SourceFile("0002_owner.py", _BAD),),
    good=(SourceFile("0002_owner.py", _BAD.replace("None, ", '"fk_notes_user_id_users", ')),),
    check=check,
)
