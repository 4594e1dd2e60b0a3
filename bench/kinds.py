"""Ten kinds of change, each a revision's two bodies, as a project's authors would write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Body:
    """One kind of revision: Python statements for `upgrade` and for `downgrade`."""

    title: str
    up: tuple[str, ...]
    down: tuple[str, ...]


def body(number: int) -> Body:
    """Return the body of the revision of that number: ten kinds in turn, a new table every ten."""
    block, place = divmod(number, len(KINDS))
    return KINDS[place](f"t{block:04d}", f"t{max(block - 1, 0):04d}")


def _table(table: str, _before: str) -> Body:
    columns = (
        'sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)',
        'sa.Column("name", sa.Text, nullable=False)',
        'sa.Column("amount", sa.Integer, nullable=False, server_default="1")',
        'sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now())',
    )
    return Body(
        f"create {table}",
        (f'op.create_table("{table}", {", ".join(columns)})',),
        (f'op.drop_table("{table}")',),
    )


def _column(table: str, _before: str) -> Body:
    return Body(
        f"add a column to {table}",
        (f'op.add_column("{table}", sa.Column("note", sa.String(200)))',),
        (f'op.drop_column("{table}", "note")',),
    )


def _index(table: str, _before: str) -> Body:
    return Body(
        f"index {table}",
        (f'op.create_index("ix_{table}_name", "{table}", ["name"])',),
        (f'op.drop_index("ix_{table}_name")',),
    )


def _check(table: str, _before: str) -> Body:
    return Body(
        f"check {table}",
        (f'op.create_check_constraint("ck_{table}", "{table}", "char_length(name) < 2000")',),
        (f'op.drop_constraint("ck_{table}", "{table}")',),
    )


def _foreign_key(table: str, before: str) -> Body:
    return Body(
        f"link {table}",
        (
            f'op.add_column("{table}", sa.Column("parent_id", sa.BigInteger))',
            f'op.create_foreign_key("fk_{table}", "{table}", "{before}", ["parent_id"], ["id"])',
        ),
        (
            f'op.drop_constraint("fk_{table}", "{table}")',
            f'op.drop_column("{table}", "parent_id")',
        ),
    )


def _trigger(table: str, _before: str) -> Body:
    function = f"CREATE FUNCTION touch_{table}() RETURNS trigger LANGUAGE plpgsql AS "
    trigger = f"CREATE TRIGGER touch BEFORE UPDATE ON {table} FOR EACH ROW"
    return Body(
        f"keep {table} in touch",
        (
            f'op.execute("{function}$$ BEGIN NEW.made_at = now(); RETURN NEW; END $$")',
            f'op.execute("{trigger} EXECUTE FUNCTION touch_{table}()")',
        ),
        (
            f'op.execute("DROP TRIGGER touch ON {table}")',
            f'op.execute("DROP FUNCTION touch_{table}()")',
        ),
    )


def _policy(table: str, _before: str) -> Body:
    return Body(
        f"guard {table}",
        (
            f'op.execute("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")',
            f'op.execute("CREATE POLICY own ON {table} USING (amount > 0)")',
        ),
        (
            f'op.execute("DROP POLICY own ON {table}")',
            f'op.execute("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")',
        ),
    )


def _default(table: str, _before: str) -> Body:
    return Body(
        f"another default in {table}",
        (f'op.alter_column("{table}", "amount", server_default="2")',),
        (f'op.alter_column("{table}", "amount", server_default="1")',),
    )


def _grant(table: str, _before: str) -> Body:
    return Body(
        f"grant and comment {table}",
        (
            f'op.execute("GRANT SELECT ON {table} TO PUBLIC")',
            f"op.execute(\"COMMENT ON TABLE {table} IS 'of the bench'\")",
        ),
        (
            f'op.execute("COMMENT ON TABLE {table} IS NULL")',
            f'op.execute("REVOKE SELECT ON {table} FROM PUBLIC")',
        ),
    )


def _view(table: str, _before: str) -> Body:
    return Body(
        f"view {table}",
        (f'op.execute("CREATE VIEW v_{table} AS SELECT id, name FROM {table} WHERE amount > 0")',),
        (f'op.execute("DROP VIEW v_{table}")',),
    )


KINDS: tuple[Callable[[str, str], Body], ...] = (
    _table,
    _column,
    _index,
    _check,
    _foreign_key,
    _trigger,
    _policy,
    _default,
    _grant,
    _view,
)
"""Each takes its block's table and the one before it."""
