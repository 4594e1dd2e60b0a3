"""The types of columns and the casts between them, as PostgreSQL has them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from alembic_proof.sql import quote_literal

_STRING, _NUMERIC, _BITS, _USER_DEFINED = "S", "N", "V", "U"
"""Source: catalog-pg-type, "typcategory Codes"."""
_IMPLICIT, _ASSIGNMENT = "i", "a"
"""Source: catalog-pg-cast, `castcontext`."""
_MODIFIERS = re.compile(r"\((\d+(?:, ?-?\d+)*)\)")

_TYPES = """\
WITH RECURSIVE step (name, oid, is_array) AS (
    SELECT named.name, pg_catalog.to_regtype(named.name)::oid, false
    FROM (VALUES {names}) AS named (name)
    UNION ALL
    SELECT step.name,
        CASE y.typtype WHEN 'd' THEN y.typbasetype ELSE y.typelem END,
        step.is_array OR y.typtype <> 'd'
    FROM step
    JOIN pg_catalog.pg_type AS y ON y.oid = step.oid
    WHERE y.typtype = 'd' OR y.typcategory = 'A' AND y.typelem <> 0
), base AS (
    SELECT step.name, step.oid, step.is_array, y.typcategory,
        pg_catalog.format_type(y.oid, NULL) AS type
    FROM step
    JOIN pg_catalog.pg_type AS y ON y.oid = step.oid
    WHERE y.typtype <> 'd' AND (y.typcategory <> 'A' OR y.typelem = 0)
)
SELECT 'type', base.name, base.type, base.typcategory::text, base.is_array
FROM base
UNION ALL
SELECT DISTINCT 'cast', source.type, target.type, k.castcontext::text, false
FROM pg_catalog.pg_cast AS k
JOIN base AS source ON source.oid = k.castsource
JOIN base AS target ON target.oid = k.casttarget"""


@dataclass(frozen=True, slots=True)
class BaseType:
    """The type below a domain or of an array's elements, without modifiers."""

    name: str
    category: str
    """PostgreSQL's code, such as S for strings."""
    is_array: bool = False


@dataclass(frozen=True, slots=True)
class TypeCasts:
    """The types of a database by the text of `format_type()`, and the casts between them."""

    types: Mapping[str, BaseType] = field(default_factory=dict)
    casts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The context of each cast, by the base types."""

    def __or__(self, other: TypeCasts) -> TypeCasts:
        """Return the types and casts of both databases."""
        return TypeCasts({**self.types, **other.types}, {**self.casts, **other.casts})

    def is_automatic(self, before: str, after: str) -> bool:
        """Return whether ALTER COLUMN … TYPE needs no USING.

        Source: sql-altertable, USING; sql-createcast on automatic casts to strings.
        """
        old, new = self.types.get(before), self.types.get(after)
        if before == after:
            return True
        if old is None or new is None:
            return False
        if new.category == _STRING and not new.is_array:
            return True
        if old.is_array != new.is_array:
            return False
        return self._context(old, new) in (_IMPLICIT, _ASSIGNMENT)

    def is_castable(self, before: str, after: str) -> bool:
        """Return whether PostgreSQL has an explicit cast; text is cast to every type."""
        old, new = self.types.get(before), self.types.get(after)
        if old is None or new is None or self.is_automatic(before, after):
            return old is not None and new is not None
        is_text = old.category == _STRING and not old.is_array
        return is_text or (old.is_array == new.is_array and self._context(old, new) is not None)

    def fits(self, before: str, after: str) -> bool:
        """Return whether no bit string or value of an extension's type is refused for its length.

        A bit(n) has exactly n bits, and PostgreSQL neither cuts nor extends it unless it is cast
        explicitly. What modifiers of other types mean, such as the 3 of vector(3), is not known.
        Numbers and texts are not judged here: what they hold is compared with the rows' types.
        Source: datatype-bit.
        """
        old, new = self.types.get(before), self.types.get(after)
        if before == after or old is None or new is None:
            return True
        if new.category == _USER_DEFINED:
            return "(" not in after or before == after
        if new.category != _BITS:
            return True
        lengths = _modifiers(before), _modifiers(after)
        if new.name == "bit":
            return old.name == "bit" and lengths[0] == lengths[1]
        return _is_wide_enough(*lengths, is_scaled=False)

    def is_alike(self, before: str, after: str) -> bool:
        """Return whether both are of one category and PostgreSQL converts the values by itself."""
        old, new = self.types.get(before), self.types.get(after)
        if old is None or new is None:
            return before == after
        is_one_category = (old.category, old.is_array) == (new.category, new.is_array)
        return is_one_category and self.is_automatic(before, after)

    def is_one_base(self, before: str, after: str) -> bool:
        """Return whether the types differ in their modifiers or domains alone."""
        old, new = self.types.get(before), self.types.get(after)
        return old is not None and old == new

    def keeps_values(self, before: str, after: str) -> bool:
        """Return whether each value is converted without a loss.

        A cast that PostgreSQL makes in any expression loses nothing, nor does one to text; a
        modifier such as the 20 of varchar(20) must not become smaller.
        """
        old, new = self.types.get(before), self.types.get(after)
        if before == after:
            return True
        if old is None or new is None:
            return False
        if new.category == _STRING and not new.is_array and not _modifiers(after):
            return new.name != "character"
        if old.is_array != new.is_array or self._context(old, new) != _IMPLICIT:
            return False
        if not self.fits(before, after):
            return False
        is_scaled = new.category == _NUMERIC
        return _is_wide_enough(_modifiers(before), _modifiers(after), is_scaled=is_scaled)

    def _context(self, old: BaseType, new: BaseType) -> str | None:
        return _IMPLICIT if old.name == new.name else self.casts.get((old.name, new.name))


def _modifiers(type_: str) -> tuple[int, ...]:
    found = _MODIFIERS.search(type_)
    return tuple(int(number) for number in found[1].split(",")) if found else ()


def _is_wide_enough(old: tuple[int, ...], new: tuple[int, ...], *, is_scaled: bool) -> bool:
    """Return whether the new modifiers admit all that the old ones do; none admit everything.

    :param is_scaled: They are the precision and the scale of a number: both the digits before the
        point and those behind it must fit.
    """
    if not new:
        return True
    if not old:
        return False
    if is_scaled:
        (old_precision, old_scale), (new_precision, new_scale) = (
            (*one, 0)[:2] for one in (old, new)
        )
        return new_scale >= old_scale and new_precision - new_scale >= old_precision - old_scale
    return all(one <= other for one, other in zip(old, new, strict=False))


def read_type_casts(connection: sa.Connection, names: Collection[str]) -> TypeCasts:
    """Return the types of these names, as far as the database has them, with the casts between them.

    Locks: ACCESS SHARE on pg_type and pg_cast.
    """
    if not names:
        return TypeCasts()
    listed = ", ".join(f"({quote_literal(name)})" for name in sorted(names))
    rows = connection.exec_driver_sql(
        _TYPES.format(names=listed), execution_options={"no_parameters": True}
    ).all()
    return TypeCasts(
        {row[1]: BaseType(row[2], row[3], bool(row[4])) for row in rows if row[0] == "type"},
        {(row[1], row[2]): row[3] for row in rows if row[0] == "cast"},
    )
