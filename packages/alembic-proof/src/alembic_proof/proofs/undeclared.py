"""What the models have no word for: kinds, schemas, partitions, and objects of other tools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from alembic_proof.catalog import (
    KINDS,
    Catalog,
    CatalogObject,
    Change,
    Key,
    Snapshot,
    key,
)
from alembic_proof.catalog.acl import OWNER, PUBLIC, PUBLIC_HAS
from alembic_proof.catalog.diff import ORDER_OF_COLUMNS
from alembic_proof.catalog.snapshot import DEFAULT
from alembic_proof.config import Settings
from alembic_proof.history.env_py import Environment
from alembic_proof.proofs.autogenerate_filters import Excluded
from alembic_proof.proofs.exclusions import IgnorePatterns, matches, refuse_unknown_kind
from alembic_proof.sql import split_qualified_name

DECLARED_BY_SQLALCHEMY = frozenset(
    {"table", "column", "attribute", "constraint", "index", "identity"}
)
"""The kinds that every metadata has a word for; the models declare others with DDL events."""
_TYPES = frozenset({"enum", "domain", "composite type", "range", "sequence"})
"""The kinds that go with the last column that uses them."""
_PART_OF = {
    "published table": "publication",
    "published schema": "publication",
    "user mapping": "server",
    ORDER_OF_COLUMNS: "table",
}
_EVERYWHERE = frozenset({key("schema", "public"), key("extension", "plpgsql")})
"""What every new database has."""
_WORDS = ("grant", "owner", "comment", "partition")
"""What models may declare of any object, and partitions and child tables."""
_COMMENTED_BY_SQLALCHEMY = frozenset({"table", "column"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings and env.py say about objects that the models do not declare."""

    drop_undeclared: tuple[str, ...] = ()
    """Patterns of kinds that are dropped even if the models declare none of them."""
    ignored: IgnorePatterns = field(default_factory=IgnorePatterns)
    left_out: IgnorePatterns = field(default_factory=IgnorePatterns)
    """Patterns of objects that another tool owns."""
    all_schemas: bool = True
    """Whether schemas that the models do not use concern them, as Alembic's include_schemas."""

    @classmethod
    def of(cls, settings: Settings, environment: Environment) -> Rules:
        """Return the rules of a project.

        :raises ConfigError: A pattern has no kind or no name, or its kind does not exist.
        """
        for pattern in settings.drop_undeclared:
            said = f"drop_undeclared in [tool.alembic-proof] names {pattern!r}"
            refuse_unknown_kind(pattern, (*KINDS, *_WORDS), said=said, settings=settings.file)
        return cls(
            drop_undeclared=settings.drop_undeclared,
            ignored=IgnorePatterns.of(settings),
            left_out=IgnorePatterns.of(settings, key="leave_out"),
            all_schemas=environment.filters.include_schemas,
        )

    @classmethod
    def of_databases(cls, settings: Settings) -> Rules:
        """Return the rules for databases that should be equal: only `ignore` and `leave_out` count.

        :raises ConfigError: As `of`.
        """
        return cls(
            drop_undeclared=("*",),
            ignored=IgnorePatterns.of(settings),
            left_out=IgnorePatterns.of(settings, key="leave_out"),
        )


@dataclass(frozen=True, slots=True)
class Sides:
    """Both snapshots by key, and what the models have a word for."""

    history: Mapping[Key, CatalogObject]
    models: Mapping[Key, CatalogObject]
    snapshots: tuple[Snapshot, Snapshot]
    needs: Mapping[Key, frozenset[Key]]
    """What an object of the history depends on, its parents included."""
    parts: Mapping[Key, tuple[Key, ...]]
    """The objects of the history that belong to another one."""
    outside: frozenset[Key]
    """The objects that env.py and the settings leave out, with their parts."""
    words: frozenset[str]
    """The kinds, and `grant`, `owner` and `comment`, that the models declare."""
    schemas: frozenset[str] | None
    """The schemas that concern the models; None for all."""
    rules: Rules

    @classmethod
    def of(
        cls,
        history: Snapshot,
        models: Snapshot,
        *,
        rules: Rules,
        excluded: Excluded,
        given: Collection[Key],
    ) -> Sides:
        """Return both snapshots by key.

        :param given: what was created for the models as in the history.
        """
        objects = {one.key: one for one in history.catalog.objects}
        declared = {one.key: one for one in models.catalog.objects}
        needs: dict[Key, set[Key]] = defaultdict(set)
        parts: dict[Key, list[Key]] = defaultdict(list)
        for dependent, referenced in history.dependencies:
            needs[base(dependent)].add(base(referenced))
        for one in objects.values():
            for parent in one.parents:
                needs[one.key].add(parent)
                parts[parent].append(one.key)
        outside = _outside(history.catalog, rules, excluded)
        outside |= _outside(models.catalog, rules, excluded)
        own = [one for one in declared.values() if one.key not in given and one.key not in outside]
        return cls(
            history=objects,
            models=declared,
            snapshots=(history, models),
            needs={one: frozenset(found) for one, found in needs.items()},
            parts={one: tuple(found) for one, found in parts.items()},
            outside=outside,
            words=frozenset(_words(own)),
            schemas=None if rules.all_schemas else frozenset({"public", *_schemas(own)}),
            rules=rules,
        )

    def is_out(self, change: Change) -> bool:
        """Return whether a change does not concern the models, whatever they declare."""
        if change.key in self.outside:
            return True
        record = self.history.get(change.key)
        if change.attribute is None or record is None:
            return False
        return not self.has_word(_word_of_attribute(change))

    def has_word(self, word: str) -> bool:
        """Return whether the models declare such objects, or the settings say so."""
        return word in self.words or any(
            fnmatchcase(word, pattern) for pattern in self.rules.drop_undeclared
        )

    def reason_to_keep(self, record: CatalogObject) -> str:
        """Return why an object that only the history has stays; empty if it goes."""
        if self.schemas is not None and (schema := self._schema(record)) not in self.schemas:
            return f"include_schemas is off, and the models use no schema {schema}"
        if (
            not self.has_word("partition")
            and record.kind == "table"
            and any(parent.kind == "table" and parent in self.models for parent in record.parents)
        ):
            how = "partitions" if record.fact("partition of") else "tables that inherit"
            return f"{how} are not dropped because the models do not name them"
        word = _PART_OF.get(record.kind, record.kind)
        return "" if self.has_word(word) else f"the models declare no {word}"

    def _schema(self, record: CatalogObject) -> str:
        """Return the schema that the object is or is in; `public` for one outside all schemas."""
        if record.kind == "schema":
            return record.identity
        return next(_schemas((record,)), "public")

    def group(self, one: Key) -> Iterator[Key]:
        """Yield the object and its parts."""
        yield one
        for part in self.parts.get(one, ()):
            yield from self.group(part)

    def whole(self, one: Key, missing: Collection[Key]) -> Key | None:
        """Return the object, of those that only the history has, that this one is or is a part of."""
        if one in missing:
            return one
        record = self.history.get(one)
        found = (self.whole(parent, missing) for parent in (record.parents if record else ()))
        return next((parent for parent in found if parent is not None), None)


@dataclass(slots=True)
class Keeping:
    """The objects that only the history has and that stay, while their number is determined."""

    sides: Sides
    missing: Collection[Key]
    reasons: dict[Key, str]
    gone: set[Key] = field(default_factory=set)
    needed: set[Key] = field(default_factory=set)

    def close(self) -> None:
        """Keep what a kept object needs; let go what cannot stay without an object that goes."""
        while self._let_go() or self._keep_needed() or self._keep_dependents():
            pass

    def _needs(self, one: Key) -> set[Key]:
        """Return the objects, of those that only the history has, that this one needs."""
        wholes = (
            self.sides.whole(needed, self.missing)
            for part in self.sides.group(one)
            for needed in self.sides.needs.get(part, ())
        )
        return {whole for whole in wholes if whole is not None and whole != one}

    def _let_go(self) -> bool:
        for one in [*self.reasons]:
            lost = (need for need in self._needs(one) if need not in self.reasons)
            if any(need.kind in DECLARED_BY_SQLALCHEMY or need in self.gone for need in lost) or (
                one.kind in _TYPES and self.reasons[one] and self._is_used_elsewhere(one)
            ):
                self.gone.add(one)
                del self.reasons[one]
                return True
        return False

    def _is_used_elsewhere(self, type_: Key) -> bool:
        """Return whether an object that does not stay as it is depends on the type."""
        return type_ not in self.needed and any(
            type_ in needs and self.sides.whole(one, self.missing) not in (*self.reasons, type_)
            for one, needs in self.sides.needs.items()
        )

    def _keep_needed(self) -> bool:
        found = {
            need: reason
            for one, reason in self.reasons.items()
            for need in self._needs(one)
            if need not in self.reasons and need not in self.gone
        }
        self.needed |= found.keys()
        self.reasons |= found
        return bool(found)

    def _keep_dependents(self) -> bool:
        """Keep what depends on an object that another tool owns."""
        found = {
            one
            for one in self.missing
            if one not in self.reasons
            and one not in self.gone
            and any(need in self.sides.outside for need in self._needs(one))
        }
        self.reasons |= dict.fromkeys(found, "")
        return bool(found)


def group_in(one: Key, records: Collection[CatalogObject]) -> Iterator[Key]:
    """Yield the object and those of the records that belong to it."""
    yield one
    for record in records:
        if one in record.parents:
            yield from group_in(record.key, records)


def base(one: Key) -> Key:
    """Return the column of a default, else the key itself."""
    return key("column", one.identity) if one.kind == DEFAULT else one


def _outside(catalog: Catalog, rules: Rules, excluded: Excluded) -> frozenset[Key]:
    """Return the objects that env.py and the setting `leave_out` leave out, with their parts."""
    found = set(excluded.keys(catalog))
    for record in catalog.objects:
        if any(matches(one, record.key) for one in rules.left_out.patterns):
            found |= set(group_in(record.key, catalog.objects))
    return frozenset(found)


def _words(declared: Iterable[CatalogObject]) -> Iterator[str]:
    """Yield the kinds that the models declare, and `grant`, `owner` and `comment` if they set any."""
    yield from DECLARED_BY_SQLALCHEMY
    owners = set()
    for record in declared:
        is_own = record.key not in _EVERYWHERE and not record.is_implicit
        if is_own and not any(one.kind == "column" for one in record.parents):
            yield record.kind
        for name, value in record.facts if record.kind != "database" else ():
            if name == "owner" and is_own:
                owners.add(value)
            elif name == "comment" and is_own and record.kind not in _COMMENTED_BY_SQLALCHEMY:
                yield "comment"
            elif name.startswith("grant to ") and not _is_usual_grant(name, value, record):
                yield "grant"
    if len(owners) > 1:
        yield "owner"


def _is_usual_grant(name: str, value: str, record: CatalogObject) -> bool:
    """Return whether every new object of the kind has the grant."""
    if name == f"grant to {PUBLIC}":
        return record.key in _EVERYWHERE or PUBLIC_HAS.get(record.kind) == value
    return name == f"grant to {OWNER}"


def _word_of_attribute(change: Change) -> str:
    """Return the word that declares the attribute; `table` for one that SQLAlchemy can declare."""
    attribute = change.attribute or ""
    if attribute.startswith("grant to "):
        return "grant"
    if attribute == "owner":
        return "owner"
    if attribute == "comment" and change.kind not in _COMMENTED_BY_SQLALCHEMY:
        return "comment"
    if attribute in ("row security", "force row security"):
        return "policy"
    return "table"


def _schemas(records: Iterable[CatalogObject]) -> Iterator[str]:
    """Yield the schemas that the objects are in."""
    for record in records:
        for parent in record.parents:
            yield split_qualified_name(parent.identity)[0]
