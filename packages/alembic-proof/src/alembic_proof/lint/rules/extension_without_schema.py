"""CREATE EXTENSION without SCHEMA."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.statements import BODIES, contains, find_all
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Code
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile
from alembic_proof.sql import unquote_identifier

_CREATE = "CREATE EXTENSION [ IF NOT EXISTS ] extension"
_PINNED = frozenset(
    {"age", "citus", "citus_columnar", "pg_cron", "pg_tle", "pgmq", "plperl", "plperlu", "plpgsql"}
    | {"plpython3u", "pltcl", "pltclu", "plv8", "postgis_tiger_geocoder", "postgis_topology"}
)
"""Extensions whose control file names their schema."""


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each extension that is created without a schema."""
    for revision in history.revisions:
        code = Code.of(revision)
        # A function of the file may be called by both directions.
        places = {(call.lineno, name): call for call, name in _unpinned(code)}
        for (_, name), call in places.items():
            yield Finding(
                id=RULE.id,
                message=f"CREATE EXTENSION {name} names no schema: its objects go into the first one of "
                "search_path",
                severity=Severity.WARNING,
                location=revision.at(call),
                help=f"write CREATE EXTENSION {name} WITH SCHEMA public, or another",
            )


def _unpinned(code: Code) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that creates an extension without SCHEMA, with the extension's name."""
    for direction in code.directions():
        for call in code.calls(direction):
            for statement in code.statements(call.node):
                for name in _without_schema(statement.text):
                    yield call.node, name


def _without_schema(sql: str) -> Iterator[str]:
    for found in find_all(sql, _CREATE, within=BODIES):
        name = unquote_identifier(found["extension"])
        options, _, _ = found.rest.partition(";")
        if name not in _PINNED and not contains(options, "SCHEMA"):
            yield name


_BAD = """\
revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")


def downgrade() -> None:
    op.execute("DROP EXTENSION pg_trgm")
"""

RULE = Rule(
    id="extension-without-schema",
    severity=Severity.WARNING,
    title="CREATE EXTENSION without SCHEMA",
    what_happens=(
        "The extension's types, functions and operators are created in the first schema of "
        "search_path. If that differs between databases, later revisions and the application do "
        "not find them. An extension exists only once in a database."
    ),
    what_to_do="Name the schema: `CREATE EXTENSION pg_trgm WITH SCHEMA public`.",
    source="https://www.postgresql.org/docs/current/sql-createextension.html",
    bad=(SourceFile("0007_search.py", _BAD),),
    good=(
        SourceFile(
            "0007_search.py",
            _BAD.replace('pg_trgm")\n\n\ndef', 'pg_trgm WITH SCHEMA public")\n\n\ndef'),
        ),
    ),
    check=check,
)
