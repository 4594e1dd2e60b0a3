"""The tools that write revisions: what each is given for the models, and how Alembic calls it.

The models are what a tool itself reads from a database that has the wanted schema: SQLAlchemy's
reflection gives the tables, each tool's own reader gives the objects that it knows beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from alembic_proof.authoring.decisions import Decisions
from alembic_proof.authoring.difference import Difference
from alembic_proof.catalog import Snapshot, read_snapshot
from alembic_proof.history.env_py import Environment, Filters
from alembic_proof.proofs.scope import Models as Declared
from alembic_proof.proofs.scope import Rules

SCHEMAS = ("app", "bare", "public")
_ENVIRONMENT = Environment(
    metadatas=(),
    version_table="alembic_version",
    version_schema=None,
    filters=Filters(),
    place="env.py",
)


@dataclass(frozen=True, slots=True)
class Models:
    """What a tool is given: the tables, and what it has declared elsewhere."""

    metadata: sa.MetaData
    declare: Callable[[sa.Connection], None] = lambda _: None
    """Puts the other objects where the tool looks for them."""
    snapshot: Snapshot | None = None
    """The catalog of the wanted schema, for the one tool that compares catalogs."""


@dataclass(frozen=True, slots=True)
class Author:
    """A tool that writes revisions."""

    distribution: str
    read_models: Callable[[sa.Connection], Models]
    removed: tuple[str, ...] = ()
    """Statements that take from the sample what makes the tool fail on every change."""

    @property
    def title(self) -> str:
        """The name and the version that is installed."""
        return f"{self.distribution} {version(self.distribution)}"


def directives_hook(models: Models, connection: sa.Connection) -> Callable[..., None] | None:
    """Return the hook that replaces Alembic's directives; None for tools that compare by themselves."""
    if models.snapshot is None:
        return None
    history = read_snapshot(connection)
    difference = Difference(
        environment=_ENVIRONMENT,
        history=history,
        models=models.snapshot,
        declared=Declared(snapshot=models.snapshot, rules=Rules()),
        decisions=Decisions.without_answers(history, models.snapshot),
    )
    return difference.complete


def _tables(connection: sa.Connection) -> sa.MetaData:
    metadata = sa.MetaData()
    existing = sa.inspect(connection).get_schema_names()
    for schema in SCHEMAS:
        if schema in existing:
            named = None if schema == "public" else schema
            metadata.reflect(connection, schema=named, resolve_fks=False)
    return metadata


def _alembic(connection: sa.Connection) -> Models:
    return Models(_tables(connection))


def _alembic_proof(connection: sa.Connection) -> Models:
    return Models(sa.MetaData(), snapshot=read_snapshot(connection))


def _postgresql_enum(connection: sa.Connection) -> Models:
    import_module("alembic_postgresql_enum")
    return Models(_tables(connection))


def _alembic_utils(connection: sa.Connection) -> Models:
    entity: Any = import_module("alembic_utils.replaceable_entity")
    wanted = {kind: _entities(kind, connection) for kind in _ENTITIES}

    def declare(connection: sa.Connection) -> None:
        # Each entity costs several savepoints; those of a kind without a difference find nothing.
        changed = [
            kind
            for kind, found in wanted.items()
            if set(map(_facts, found)) != set(map(_facts, _entities(kind, connection)))
        ]
        entity.registry.clear()
        entity.register_entities(
            [one for kind in changed for one in wanted[kind]],
            entity_types=[_entity_class(kind) for kind in changed] or [object],
        )

    return Models(_tables(connection), declare)


_ENTITIES = (
    *("extension", "function", "grant_table", "materialized_view", "policy", "trigger", "view"),
)


def _entities(kind: str, connection: sa.Connection) -> list[Any]:
    with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
        read = _entity_class(kind).from_database
        return [one for schema in SCHEMAS for one in read(session, schema=schema)]


def _facts(entity: Any) -> tuple[str, str]:
    return entity.identity, str(entity.to_sql_statement_create())


def _entity_class(kind: str) -> Any:
    name = "".join(word.capitalize() for word in kind.split("_"))
    return getattr(import_module(f"alembic_utils.pg_{kind}"), f"PG{name}")


def _declarative_extensions(connection: sa.Connection) -> Models:
    library: Any = import_module("sqlalchemy_declarative_extensions")
    query: Any = import_module("sqlalchemy_declarative_extensions.dialects.postgresql.query")
    library.register_alembic_events(databases=False, roles=False, rows=False)
    metadata = _tables(connection)
    grants = import_module("sqlalchemy_declarative_extensions.grant.base").Grants()
    library.declare_database(
        metadata,
        schemas=list(query.get_schemas_postgresql(connection)),
        views=query.get_views_postgresql(connection),
        functions=query.get_functions_postgresql(connection),
        procedures=query.get_procedures_postgresql(connection),
        triggers=query.get_triggers_postgresql(connection),
        grants=grants.are(
            *query.get_grants_postgresql(connection),
            *query.get_default_grants_postgresql(connection),
        ),
    )
    return Models(metadata)


_NOT_FOR_UTILS = ("DROP TYPE app.floats", "DROP TRIGGER events_touch ON app.events")
"""A range type's functions, and a trigger that partitions inherit."""

AUTHORS = (
    Author("alembic-proof", _alembic_proof),
    Author("alembic", _alembic),
    Author("alembic-utils", _alembic_utils, removed=_NOT_FOR_UTILS),
    Author("alembic-postgresql-enum", _postgresql_enum),
    Author("sqlalchemy-declarative-extensions", _declarative_extensions),
)


def author_of(distribution: str) -> Author:
    """Return the author of that distribution."""
    found: Iterable[Author] = (one for one in AUTHORS if one.distribution == distribution)
    return next(iter(found))
