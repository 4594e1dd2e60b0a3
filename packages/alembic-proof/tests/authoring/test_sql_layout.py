"""Statements of one line, broken at their clauses as a person breaks them."""

from __future__ import annotations

import pytest

from alembic_proof.authoring.sql_layout import in_clauses

LONG = "a_long_name_" * 4


@pytest.mark.parametrize(
    ("statement", "lines"),
    [
        (
            "CREATE POLICY p ON t USING (a = b) WITH CHECK (a = b)",
            ["CREATE POLICY p ON t", "USING (a = b)", "WITH CHECK (a = b)"],
        ),
        (
            "CREATE POLICY p ON t AS RESTRICTIVE FOR SELECT TO app, web USING (f(a FOR b))",
            [
                "CREATE POLICY p ON t",
                "AS RESTRICTIVE",
                "FOR SELECT TO app, web",
                "USING (f(a FOR b))",
            ],
        ),
        (
            """CREATE TRIGGER t AFTER UPDATE OF a ON b REFERENCING NEW TABLE AS n FOR EACH ROW WHEN ((old.a IS DISTINCT FROM new.a)) EXECUTE FUNCTION f('FOR EACH')""",
            [
                "CREATE TRIGGER t",
                "AFTER UPDATE OF a ON b",
                "REFERENCING NEW TABLE AS n",
                "FOR EACH ROW WHEN ((old.a IS DISTINCT FROM new.a))",
                "EXECUTE FUNCTION f('FOR EACH')",
            ],
        ),
        (
            f"GRANT SELECT, INSERT, UPDATE ON TABLE public.{LONG} TO {LONG}",
            ["GRANT SELECT, INSERT, UPDATE", f"ON TABLE public.{LONG}", f"TO {LONG}"],
        ),
        (
            f"ALTER TABLE {LONG} ADD CONSTRAINT {LONG} CHECK (a > 0) NOT VALID",
            [
                f"ALTER TABLE {LONG}",
                f"    ADD CONSTRAINT {LONG}",
                "    CHECK (a > 0) NOT VALID",
            ],
        ),
        (
            f"CREATE VIEW v WITH (security_invoker = true) AS SELECT a FROM {LONG} WHERE a = 'FROM'",
            [
                "CREATE VIEW v WITH (security_invoker = true) AS",
                "SELECT a",
                f"FROM {LONG}",
                "WHERE a = 'FROM'",
            ],
        ),
        (
            f"COMMENT ON TABLE {LONG} IS '{LONG} IS'",
            [f"COMMENT ON TABLE {LONG}", f"IS '{LONG} IS'"],
        ),
    ],
)
def test_each_clause_begins_a_line(statement: str, lines: list[str]) -> None:
    """Words in parentheses and in strings begin none."""
    assert in_clauses(statement, width=80).splitlines() == lines


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON TABLE t TO app",
        "CREATE POLICY p\nON t USING (a)",
        f"SELECT {LONG}, {LONG}",
    ],
)
def test_other_statements_stay(statement: str) -> None:
    """Short ones, those that somebody has laid out, and those of other kinds."""
    assert in_clauses(statement, width=80) == statement
