"""CREATE EXTENSION without SCHEMA.

Why: the extension's objects then land in the first schema of search_path. Under another search_path,
that of a tenant or of another role, the same revision puts them elsewhere, and later statements do
not find them.
Source: https://www.postgresql.org/docs/current/sql-createextension.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Code
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_SQL = re.compile(
    r"""
    (?:^|;|\bBEGIN\b|\bTHEN\b|\bELSE\b) \s*
    CREATE \s+ EXTENSION \s+ (?:IF \s+ NOT \s+ EXISTS \s+)? (?P<name>"[^"]+"|[\w{}-]+) (?P<rest>[^;]*)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SCHEMA = re.compile(r"\bSCHEMA\b", re.IGNORECASE)
_PINNED = frozenset(
    {"age", "citus", "citus_columnar", "pg_cron", "pg_tle", "pgmq", "plperl", "plperlu", "plpgsql"}
    | {"plpython3u", "pltcl", "pltclu", "plv8", "postgis_tiger_geocoder", "postgis_topology"}
)
"""Extensions whose control file names their schema."""


def check(history: History) -> Iterator[Finding]:
    """Yield a warning for each extension that is made wherever search_path leads."""
    for revision in history.revisions:
        code = Code.of(revision)
        # A function of the file may be called by both directions.
        places = {(call.lineno, name): call for call, name in _unpinned(code)}
        for (_, name), call in places.items():
            yield Finding(
                rule=RULE.id,
                message=f"CREATE EXTENSION {name} names no schema: it lands in the first one of "
                "search_path",
                severity=Severity.WARNING,
                location=revision.at(call),
                todo=f"write CREATE EXTENSION {name} WITH SCHEMA public, or another",
            )


def _unpinned(code: Code) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that creates an extension without SCHEMA, with the extension's name."""
    for direction in code.directions():
        for call in code.calls(direction):
            for statement in code.statements(call.node):
                for name in _without_schema(statement.text):
                    yield call.node, name


def _without_schema(sql: str) -> Iterator[str]:
    for found in _SQL.finditer(sql):
        name = found["name"].strip('"')
        if name not in _PINNED and not _SCHEMA.search(found["rest"]):
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
    name="CREATE EXTENSION without SCHEMA",
    what_happens=(
        "The extension's types, functions and operators are made in the first schema of search_path. "
        "Where that is another one than elsewhere, later revisions and the application do not find "
        "them; an extension is there once for the whole database."
    ),
    workaround="Name the schema: `CREATE EXTENSION pg_trgm WITH SCHEMA public`.",
    bad=(SourceFile("0007_search.py", _BAD),),
    good=(
        SourceFile(
            "0007_search.py",
            _BAD.replace('pg_trgm")\n\n\ndef', 'pg_trgm WITH SCHEMA public")\n\n\ndef'),
        ),
    ),
    check=check,
)
