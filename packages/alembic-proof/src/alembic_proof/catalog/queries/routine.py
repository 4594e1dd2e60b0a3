"""A function in the session's own temporary schema: it begins only what it needs, planned once.

Most of what a statement costs that finds nothing is the start of its SELECTs, run or not. What
PL/pgSQL does not come to is neither started nor, the first time, planned.
Source: plpgsql-implementation, "Plan Caching"; ddl-schemas and runtime-config-client, search_path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alembic_proof.catalog.queries.pinned import PIN

PREFIX = "alembic_proof_"
"""Begins the name of every function of ours."""

GUARDED = f"""{PIN}
    ignored := set_config('plan_cache_mode', 'force_generic_plan', true);
    ignored := set_config('jit', 'off', true);"""
"""First in a body: until the transaction ends texts are rendered alike, no plan is made again, and none
is compiled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """One such function."""

    name: str
    """What follows the prefix."""
    parameters: Mapping[str, str]
    """Name and type."""
    results: Mapping[str, str]
    variables: Mapping[str, str]
    """Name and type, also a value to begin with."""
    body: str

    @property
    def sql(self) -> str:
        """The statement that makes it, or makes it anew."""
        columns = [f"{name} {type_}" for name, type_ in self.parameters.items()]
        columns += [f"OUT {name} {type_}" for name, type_ in self.results.items()]
        variables = "\n".join(f"    {name} {of};" for name, of in self.variables.items())
        return f"""CREATE OR REPLACE FUNCTION {self._address}({", ".join(columns)})
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
        """The expression that calls it."""
        return f"{self._address}({', '.join(arguments)})"

    @property
    def _address(self) -> str:
        return f"pg_temp.{PREFIX}{self.name}"


def when(condition: str, *statements: str) -> str:
    """The statements, for where the condition holds."""
    inner = "\n".join(f"        {statement}" for statement in statements)
    return f"    IF {condition} THEN\n{inner}\n    END IF;"
