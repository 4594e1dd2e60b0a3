"""Define PL/pgSQL functions in the session's temporary schema.

Starting its SELECTs is most of the cost of a statement that finds nothing. PL/pgSQL starts, and at
first plans, only the statements that it reaches.
Source: plpgsql-implementation, "Plan Caching"; ddl-schemas; runtime-config-client, search_path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alembic_proof.catalog.prepared import FUNCTION_PREFIX
from alembic_proof.catalog.queries.rendering_settings import SET_RENDERING_SETTINGS

SET_FUNCTION_SETTINGS = f"""{SET_RENDERING_SETTINGS}
    ignored := set_config('plan_cache_mode', 'force_generic_plan', true);
    ignored := set_config('jit', 'off', true);"""
"""The first statements of a function, valid until the transaction ends: definitions are rendered
alike, and no plan is made twice or compiled."""

# Settings of the session, in which the functions store what they found.
XMIN_SETTING = "alembic_proof.xmin"
"""The snapshot's xmin at the last reading."""
PREVIOUS_XMIN_SETTING = "alembic_proof.previous_xmin"
"""The snapshot's xmin at the reading before the last one."""
COUNTERS_SETTING = "alembic_proof.counters"
"""The statistics counters at the last reading."""
XMAX_SETTING = "alembic_proof.xmax"
"""The snapshot's xmax at the last reading."""
DATABASE_SETTING = "alembic_proof.database"
"""The OID of the session's database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TempFunction:
    """A function in pg_temp."""

    name: str
    """The name without FUNCTION_PREFIX."""
    parameters: Mapping[str, str]
    """Name and type."""
    results: Mapping[str, str]
    """Name and type of the columns of its one row."""
    variables: Mapping[str, str]
    """Name and type, with `:= value` if it has an initial value."""
    body: str

    @property
    def sql(self) -> str:
        """The CREATE OR REPLACE FUNCTION statement."""
        columns = [f"{name} {type_}" for name, type_ in self.parameters.items()]
        columns += [f"OUT {name} {type_}" for name, type_ in self.results.items()]
        variables = "\n".join(f"    {name} {of};" for name, of in self.variables.items())
        return f"""CREATE OR REPLACE FUNCTION {self._qualified_name}({", ".join(columns)})
LANGUAGE plpgsql AS $alembic_proof$
#variable_conflict use_column
DECLARE
    ignored text;
{variables}
BEGIN
{self.body}
END
$alembic_proof$"""

    def call(self, *arguments: str) -> str:
        """Return the expression that calls it with these SQL arguments."""
        return f"{self._qualified_name}({', '.join(arguments)})"

    @property
    def _qualified_name(self) -> str:
        return f"pg_temp.{FUNCTION_PREFIX}{self.name}"


def if_sql(condition: str, *statements: str) -> str:
    """Return the IF statement of PL/pgSQL."""
    inner = "\n".join(f"        {statement}" for statement in statements)
    return f"    IF {condition} THEN\n{inner}\n    END IF;"


def get_setting(setting: str) -> str:
    """Return the expression of a setting's value; NULL if it is empty or not set."""
    return f"nullif(current_setting('{setting}', true), '')"


def set_setting(setting: str, value: str) -> str:
    """Return the statement that stores the value of an expression for the rest of the session."""
    return f"ignored := set_config('{setting}', coalesce({value}, ''), false);"


def oid_array(catalogs: Iterable[str]) -> str:
    """Return the array of the catalogs' OIDs."""
    return "ARRAY[" + ", ".join(f"'{name}'::regclass" for name in catalogs) + "]::oid[]"


def contains(array: str, catalog: str) -> str:
    """Return the condition that the array has the catalog's OID."""
    return f"'{catalog}'::regclass = ANY ({array})"
