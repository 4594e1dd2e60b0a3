"""DDL that SQLAlchemy has no construct for: policies, triggers, grants, views.

The statements are listeners of SQLAlchemy's events, so that `create_all()` executes them beside the
table they belong to. The same statements are written out in the revisions.
"""

from __future__ import annotations

from typing import Literal, cast

from sqlalchemy import DDL, Table, event
from sqlalchemy.orm import DeclarativeBase

from boards.settings import APP_ROLE
from boards.sql import quote_literal

Privilege = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
READ: tuple[Privilege, ...] = ("SELECT",)
APPEND: tuple[Privilege, ...] = ("SELECT", "INSERT")
LINK_TABLE: tuple[Privilege, ...] = ("SELECT", "INSERT", "DELETE")
READ_WRITE: tuple[Privilege, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")

_TENANT_ID = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
"""The session's tenant, evaluated once per statement; NULL, so no row matches, when none is set.

The sub-select makes it an InitPlan instead of a call per row. `true` and `nullif` turn a missing
setting, and the empty string that a pooled connection leaves behind, into NULL instead of an error.

Source: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET
"""


def tenant_key(table: Table) -> str:
    """Return the column that holds the tenant: `id` in `tenants`, `tenant_id` in every other table."""
    return "id" if table.name == "tenants" else "tenant_id"


def statement(sql: str) -> DDL:
    """Return `sql` as DDL that is sent unchanged: percent signs have no meaning."""
    escaped = sql.strip().replace("%", "%%")
    return DDL(escaped)  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped


def after_create(model: type[DeclarativeBase], *statements: str) -> None:
    """Execute the statements each time the model's table has been created.

    after_create(Project, "CREATE TRIGGER … ON public.projects …")
    """
    for sql in statements:
        event.listen(cast("Table", model.__table__), "after_create", statement(sql))


def after_drop(model: type[DeclarativeBase], *statements: str) -> None:
    """Execute the statements each time the model's table has been dropped."""
    for sql in statements:
        event.listen(cast("Table", model.__table__), "after_drop", statement(sql))


def add_view(
    model: type[DeclarativeBase],
    name: str,
    query: str,
    *,
    comment: str,
    privileges: tuple[Privilege, ...] = READ,
) -> None:
    """Create a view at the end of `create_all()`, and drop it at the start of `drop_all()`.

    The view is `security_invoker`: the policies of its tables apply to the role that queries it.

        add_view(Board, "public_boards", "SELECT tenant_id, id FROM public.boards", comment="…")

    :param model: A model of the metadata that the view belongs to.
    :param privileges: The privileges of the application's role on the view.

    Source: https://www.postgresql.org/docs/current/sql-createview.html (security_invoker)
    """
    for sql in (
        f"CREATE OR REPLACE VIEW public.{name} WITH (security_invoker = true) AS {query.strip()}",
        f"COMMENT ON VIEW public.{name} IS {quote_literal(comment)}",
        f"GRANT {', '.join(privileges)} ON TABLE public.{name} TO {APP_ROLE}",
    ):
        event.listen(model.metadata, "after_create", statement(sql))
    event.listen(model.metadata, "before_drop", statement(f"DROP VIEW IF EXISTS public.{name}"))


def access_statements(table: Table, privileges: tuple[Privilege, ...]) -> tuple[str, ...]:
    """Return the statements that give a table its policy, its trigger and its grants.

    Row-level security is not FORCEd: the owner migrates and must see every tenant's rows. A table
    with `updated_at` gets the trigger that sets it.

    Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
    """
    name, key = table.name, tenant_key(table)
    statements = [
        f"ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY",
        f"""
        CREATE POLICY {name}_isolation ON public.{name}
        USING ({key} = {_TENANT_ID})
        WITH CHECK ({key} = {_TENANT_ID})
        """,
    ]
    if "updated_at" in table.columns:
        trigger = f"""
        CREATE TRIGGER {name}_set_updated_at
        BEFORE UPDATE ON public.{name}
        FOR EACH ROW EXECUTE FUNCTION public.set_updated_at()
        """
        statements.append(trigger)
    return (*statements, f"GRANT {', '.join(privileges)} ON TABLE public.{name} TO {APP_ROLE}")
