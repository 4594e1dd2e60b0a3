"""An index that is built or dropped CONCURRENTLY by a statement that fails the second time."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_deploy.statements import match_start
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, is_switched_on
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_DROP_FIRST = "drop it IF EXISTS first"
_IF_EXISTS = "add IF EXISTS (if_exists=True)"


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each such statement; run_env() of alembic_deploy runs them again itself."""
    if history.env_py is not None and history.env_py.has("run_env"):
        return
    for revision in history.revisions:
        code = Code.of(revision)
        for direction in code.directions():
            is_dropped = False
            for call in code.calls(direction):
                is_create = _is_concurrent(code, call, "create")
                if (is_create and not is_dropped) or _is_concurrent(code, call, "drop"):
                    yield Finding(
                        id=RULE.id,
                        message="an attempt after one that ended before its version was recorded fails: "
                        + ("the index exists" if is_create else "there is no index"),
                        severity=Severity.WARNING,
                        location=revision.at(call.node),
                        help=_DROP_FIRST if is_create else _IF_EXISTS,
                    )
                is_dropped = is_dropped or _drops(code, call)


def _is_concurrent(code: Code, call: Call, verb: str) -> bool:
    """Return whether the call creates, or drops, an index CONCURRENTLY without IF [NOT] EXISTS."""
    node = call.node
    if call.name.endswith(f"{verb}_index"):
        guard = "if_not_exists" if verb == "create" else "if_exists"
        is_concurrent = is_switched_on(node, "postgresql_concurrently")
        return is_concurrent and not is_switched_on(node, guard)
    start = "CREATE [ UNIQUE ] INDEX" if verb == "create" else "DROP INDEX"
    return any(
        match_start(one.text, f"{start} CONCURRENTLY")
        and not match_start(one.text, f"{start} CONCURRENTLY IF [ NOT ] EXISTS")
        for one in code.statements(node)
    )


def _drops(code: Code, call: Call) -> bool:
    return call.name.endswith("drop_index") or any(
        match_start(one.text, "DROP INDEX") for one in code.statements(call.node)
    )


_TEXT = """\
revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.get_context().autocommit_block():{first}
        op.create_index("notes_name", "notes", ["name"], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("notes_name", if_exists=True, postgresql_concurrently=True)
"""
_FIRST = """
        op.drop_index("notes_name", if_exists=True, postgresql_concurrently=True)"""

RULE = Rule(
    id="concurrently-not-restartable",
    severity=Severity.WARNING,
    title="CONCURRENTLY that cannot run again",
    what_happens=(
        "CONCURRENTLY commits by itself. Where the process ends, or the connection is lost, before "
        "Alembic has recorded the version, and where a later statement of the revision fails, the next "
        "attempt fails: the index exists already, or is gone. An edited revision or an "
        "administrator's statement has to help."
    ),
    what_to_do=(
        "Drop the index first (`op.drop_index(…, if_exists=True, postgresql_concurrently=True)`), then "
        "create it; drop with `if_exists=True`. Projects whose env.py calls run_env() of alembic-deploy "
        "need neither: it keeps a valid index of the same definition."
    ),
    source="https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    bad=(SourceFile("0004_names.py", _TEXT.format(first="")),),
    good=(SourceFile("0004_names.py", _TEXT.format(first=_FIRST)),),
    check=check,
)
