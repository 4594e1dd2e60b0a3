"""DDL that the ORM does not know, hung on the metadata: `create_all()` sends it beside its table.

Everything here is PostgreSQL; the same objects are written out in the revisions. What is declared of
a table is recorded beside, where `rules` looks for it: not in `Table.info`, which Alembic would
write into revisions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

from sqlalchemy import DDL, Table, event

from boards.dbmodels.base import Base
from boards.dbmodels.roles import APP_ROLE

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
"""The session's tenant, computed once a statement; NULL, so no row, when none is set.

The sub-select makes it an init-plan instead of a call per row. `true` and `nullif` make a missing
setting, and the empty string that a pooled connection leaves behind, NULL instead of an error.

Source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
"""

Privilege = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
READ: tuple[Privilege, ...] = ("SELECT",)
APPEND: tuple[Privilege, ...] = ("SELECT", "INSERT")
JOIN: tuple[Privilege, ...] = ("SELECT", "INSERT", "DELETE")
WRITE: tuple[Privilege, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is declared of a table beside its columns, constraints and indexes."""

    tenant_key: str | None = None
    """The column that the isolating policy compares; None without a policy."""
    app_privileges: tuple[Privilege, ...] = ()
    """What the application's role may do with the table."""
    keeps_updated_at: bool = False
    """Whether a trigger sets updated_at."""


_DECLARED: dict[Table, Declared] = {}


def declared(table: Table) -> Declared:
    """Return what is declared of the table."""
    return _DECLARED.get(table, Declared())


def declare(table: Table, declaration: Declared) -> None:
    """Record what is declared of the table; it makes nothing."""
    _DECLARED[table] = declaration


def statement(sql: str) -> DDL:
    """`sql` as DDL that is sent as it is: percent signs mean nothing."""
    escaped = sql.strip().replace("%", "%%")
    return DDL(escaped)  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped


def table_of(model: type[Base]) -> Table:
    """The table that `model` maps."""
    return cast("Table", model.__table__)


def after_create(model: type[Base], *statements: str) -> None:
    """Ensures that the statements follow each creation of the model's table."""
    for sql in statements:
        event.listen(table_of(model), "after_create", statement(sql))


def after_drop(model: type[Base], *statements: str) -> None:
    """Ensures that the statements follow each drop of the model's table."""
    for sql in statements:
        event.listen(table_of(model), "after_drop", statement(sql))


def add_view(
    name: str, query: str, *, comment: str, privileges: tuple[Privilege, ...] = READ
) -> None:
    """Create this view at the end of `create_all()`, and drop it at the start of `drop_all()`.

    It reads with the rights of whoever queries it, so that the policies of its tables bind.

        add_view("public_boards", "SELECT tenant_id, id, title FROM public.boards", comment="…")

    :param privileges: What the application's role may do with the view.

    Source: https://www.postgresql.org/docs/current/sql-createview.html (security_invoker)
    """
    quoted = comment.replace("'", "''")
    for sql in (
        f"CREATE OR REPLACE VIEW public.{name} WITH (security_invoker = true) AS {query.strip()}",
        f"COMMENT ON VIEW public.{name} IS '{quoted}'",
        f"GRANT {', '.join(privileges)} ON TABLE public.{name} TO {APP_ROLE}",
    ):
        event.listen(Base.metadata, "after_create", statement(sql))
    event.listen(Base.metadata, "before_drop", statement(f"DROP VIEW IF EXISTS public.{name}"))


def isolate_tenants(model: type[Base], *, key: str = "tenant_id") -> None:
    """Ensures that whoever does not own the table sees and writes one tenant's rows only.

    Not FORCE: the owner migrates and backfills, and must see every tenant's rows.

    Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
    """
    table = table_of(model)
    declare(table, replace(declared(table), tenant_key=key))
    name = table.name
    after_create(
        model,
        f"ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY",
        f"""
        CREATE POLICY {name}_isolation ON public.{name}
        USING ({key} = {TENANT})
        WITH CHECK ({key} = {TENANT})
        """,
    )


def keep_updated_at(model: type[Base]) -> None:
    """Ensures that every UPDATE of a row sets its updated_at."""
    table = table_of(model)
    declare(table, replace(declared(table), keeps_updated_at=True))
    name = table.name
    after_create(
        model,
        f"""
        CREATE TRIGGER {name}_set_updated_at
        BEFORE UPDATE ON public.{name}
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
        """,
    )


def grant_to_app(model: type[Base], privileges: tuple[Privilege, ...]) -> None:
    """Ensures that the application's role has these privileges on the table and no other."""
    table = table_of(model)
    declare(table, replace(declared(table), app_privileges=privileges))
    name = table.name
    after_create(model, f"GRANT {', '.join(privileges)} ON TABLE public.{name} TO {APP_ROLE}")
