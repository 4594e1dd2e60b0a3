"""DDL that the ORM does not know, hung on the metadata: `create_all()` sends it beside its table.

Everything here is PostgreSQL; the same objects are written out by hand in the revisions.
"""

from __future__ import annotations

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


def isolate_tenants(model: type[Base], *, key: str = "tenant_id") -> None:
    """Ensures that whoever does not own the table sees and writes one tenant's rows only.

    Not FORCE: the owner migrates and backfills, and must see every tenant's rows.

    Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
    """
    name = table_of(model).name
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
    name = table_of(model).name
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
    name = table_of(model).name
    after_create(model, f"GRANT {', '.join(privileges)} ON TABLE public.{name} TO {APP_ROLE}")
