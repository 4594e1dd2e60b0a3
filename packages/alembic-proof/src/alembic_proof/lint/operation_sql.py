"""The SQL of Alembic's operations, as far as it says what they lock.

What does not matter for locks is shortened: columns have the type int, indexes no columns.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from alembic_proof.lint.calls import OP, Call, Code, is_switched_on, keyword, text_of
from alembic_proof.sql import quote_identifier

_BATCH = "batch_alter_table"


@dataclass(frozen=True, slots=True)
class _Arguments:
    """The arguments of an operation; one of a batch has no table among them."""

    node: ast.Call
    code: Code
    batch: ast.Call | None
    table_position: int

    def text(self, *names: str, position: int) -> str:
        """Return a string argument; empty if it is no literal."""
        return _literal(self.node_of(*names, position=position))

    def node_of(self, *names: str, position: int) -> ast.expr | None:
        """Return an argument; None without it."""
        is_behind = self.batch is not None and position > self.table_position
        return keyword(self.node, *names, position=position - is_behind)

    @property
    def table(self) -> str:
        """The table of the operation, quoted; empty if it is no literal."""
        call = self.batch or self.node
        names = ("table_name", "source_table", "old_table_name")
        position = 0 if self.batch else self.table_position
        name = _literal(keyword(call, *names, position=position))
        return _name(name, schema=text_of(keyword(call, "schema", "source_schema")))

    @property
    def not_valid(self) -> str:
        """NOT VALID where the operation has it."""
        return " NOT VALID" if is_switched_on(self.node, "postgresql_not_valid") else ""

    def has(self, *names: str) -> bool:
        """Return whether the operation has one of these keywords."""
        return any(one.arg in names for one in self.node.keywords)


def _literal(node: ast.expr | None) -> str:
    """Return the string of a literal, also of `op.f("…")`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="f"), args=[name]):
            return text_of(name)
        case _:
            return text_of(node)


def _name(name: str, *, schema: str = "") -> str:
    """Return the quoted name; empty for an empty one."""
    if not name:
        return ""
    prefix = f"{quote_identifier(schema)}." if schema else ""
    return prefix + quote_identifier(name)


def _create_table(given: _Arguments) -> Iterator[str]:
    parts = ", ".join(_keys(given))
    yield f"CREATE TABLE {given.table} ({parts})"


def _keys(given: _Arguments) -> Iterator[str]:
    """Yield the foreign keys among the arguments, also those of columns."""
    for node in ast.walk(given.node):
        if not isinstance(node, ast.Call):
            continue
        match given.code.name_of(node.func).rpartition(".")[2]:
            case "ForeignKeyConstraint":
                columns = _texts(keyword(node, "columns", position=0))
                targets = _texts(keyword(node, "refcolumns", position=1))
                if targets:
                    yield _key(keyword(node, "name", position=2), columns, targets[0])
            case "Column":
                column = text_of(keyword(node, "name", position=0))
                for one in node.args:
                    if isinstance(one, ast.Call) and _is_key(given.code, one):
                        target = text_of(keyword(one, "column", position=0))
                        if target:
                            yield _key(keyword(one, "name"), [column], target)


def _is_key(code: Code, node: ast.Call) -> bool:
    return code.name_of(node.func).rpartition(".")[2] == "ForeignKey"


def _key(name: ast.expr | None, columns: list[str], target: str) -> str:
    """Return a foreign key; the target is `table.column` or `schema.table.column`."""
    *schema, table, _ = target.split(".") if "." in target else (target, "")
    return _foreign_key(_literal(name), columns, _name(table, schema=schema[0] if schema else ""))


def _foreign_key(name: str, columns: list[str], referenced: str) -> str:
    constraint = f"CONSTRAINT {quote_identifier(name)} " if name else ""
    listed = ", ".join(map(quote_identifier, columns))
    return f"{constraint}FOREIGN KEY ({listed}) REFERENCES {referenced}"


def _texts(node: ast.expr | None) -> list[str]:
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return [text_of(item) for item in items]


def _add_column(given: _Arguments) -> Iterator[str]:
    """Yield two statements for a column with a foreign key, as Alembic does."""
    yield f"ALTER TABLE {given.table} ADD COLUMN x int"
    for key in _keys(given):
        yield f"ALTER TABLE {given.table} ADD {key}"


def _drop_column(given: _Arguments) -> Iterator[str]:
    column = given.text("column_name", position=1)
    yield f"ALTER TABLE {given.table} DROP COLUMN {quote_identifier(column)}"


def _alter_column(given: _Arguments) -> Iterator[str]:
    column = quote_identifier(given.text("column_name", position=1))
    alter = f"ALTER TABLE {given.table} ALTER COLUMN {column}"
    if given.has("type_"):
        yield f"{alter} TYPE int"
    if given.has("nullable"):
        yield f"{alter} SET NOT NULL"
    if given.has("server_default", "new_column_name", "name"):
        yield f"{alter} DROP DEFAULT"
    if given.has("comment"):
        yield f"COMMENT ON COLUMN {given.table}.{column} IS NULL"


def _create_index(given: _Arguments) -> Iterator[str]:
    is_concurrent = is_switched_on(given.node, "postgresql_concurrently")
    word = "CONCURRENTLY " if is_concurrent else ""
    name = quote_identifier(given.text("index_name", position=0))
    yield f"CREATE INDEX {word}{name} ON {given.table}"


def _drop_index(given: _Arguments) -> Iterator[str]:
    """Yield what locks the table as DROP INDEX does, which does not name it."""
    schema = text_of(keyword(given.node, "schema"))
    index = _name(given.text("index_name", position=0), schema=schema)
    if is_switched_on(given.node, "postgresql_concurrently"):
        yield f"DROP INDEX CONCURRENTLY {index}"
    elif given.table:
        yield f"ALTER TABLE {given.table} DROP CONSTRAINT {index.rpartition('.')[2]}"
    else:
        yield f"DROP INDEX {index}"


def _create_foreign_key(given: _Arguments) -> Iterator[str]:
    schema = text_of(keyword(given.node, "referent_schema"))
    referenced = _name(given.text("referent_table", position=2), schema=schema)
    columns = _texts(given.node_of("local_cols", position=3))
    key = _foreign_key(given.text("constraint_name", position=0), columns, referenced)
    if referenced:
        yield f"ALTER TABLE {given.table} ADD {key}{given.not_valid}"


def _create_constraint(kind: str) -> Callable[[_Arguments], Iterator[str]]:
    def write(given: _Arguments) -> Iterator[str]:
        yield f"ALTER TABLE {given.table} ADD {kind} (x){given.not_valid}"

    return write


def _drop_constraint(given: _Arguments) -> Iterator[str]:
    name = given.text("constraint_name", position=0)
    yield f"ALTER TABLE {given.table} DROP CONSTRAINT {quote_identifier(name)}"


def _drop_table(given: _Arguments) -> Iterator[str]:
    yield f"DROP TABLE {given.table}"


def _rename_table(given: _Arguments) -> Iterator[str]:
    new = given.text("new_table_name", position=1)
    yield f"ALTER TABLE {given.table} RENAME TO {quote_identifier(new)}"


def _comment(given: _Arguments) -> Iterator[str]:
    yield f"COMMENT ON TABLE {given.table} IS NULL"


_OPERATIONS: Mapping[str, tuple[int, Callable[[_Arguments], Iterator[str]]]] = {
    "create_table": (0, _create_table),
    "drop_table": (0, _drop_table),
    "rename_table": (0, _rename_table),
    "add_column": (0, _add_column),
    "drop_column": (0, _drop_column),
    "alter_column": (0, _alter_column),
    "create_index": (1, _create_index),
    "drop_index": (1, _drop_index),
    "create_foreign_key": (1, _create_foreign_key),
    "create_check_constraint": (1, _create_constraint("CHECK")),
    "create_unique_constraint": (1, _create_constraint("UNIQUE")),
    "create_primary_key": (1, _create_constraint("PRIMARY KEY")),
    "create_exclude_constraint": (1, _create_constraint("EXCLUDE")),
    "drop_constraint": (1, _drop_constraint),
    "create_table_comment": (0, _comment),
    "drop_table_comment": (0, _comment),
}
"""By operation: the position of the table among its arguments, and what writes its SQL."""


def statements_of(code: Code, call: Call) -> tuple[str, ...]:
    """Return the statements that a call sends; empty for an operation whose table is not known.

    Rows that op.bulk_insert() inserts are in a table of the revision's own description, so that the
    table's name is not looked up: it is left out.
    """
    if texts := code.statements(call.node):
        return tuple(statement.text for statement in texts)
    prefix, _, operation = call.name.rpartition(".")
    if operation not in _OPERATIONS:
        return ()
    batch = None if f"{prefix}." == OP else _batch_of(code, call)
    if batch is None and f"{prefix}." != OP:
        return ()
    position, write = _OPERATIONS[operation]
    given = _Arguments(call.node, code, batch, position)
    return tuple(write(given)) if given.table or operation == "drop_index" else ()


def _batch_of(code: Code, call: Call) -> ast.Call | None:
    """Return the call of batch_alter_table() whose block contains the call."""
    for node in ast.walk(call.function):
        if isinstance(node, ast.With) and any(one is call.node for one in ast.walk(node)):
            for item in node.items:
                opened = item.context_expr
                if isinstance(opened, ast.Call) and code.name_of(opened.func) == OP + _BATCH:
                    return opened
    return None
