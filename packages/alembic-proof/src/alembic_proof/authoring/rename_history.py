"""Rename objects in the history's scratch database, so that its catalog has the models' names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ConfigError
from alembic_deploy.server_message import server_message
from alembic_deploy.statements import fold_identifier
from alembic_proof.authoring.rename_requests import RenameRequest, resolve
from alembic_proof.authoring.renames import (
    Rename,
    conventional_renames,
    possible_renames,
    types_to_compare,
)
from alembic_proof.authoring.type_casts import TypeCasts, read_type_casts
from alembic_proof.catalog import Catalog, Snapshot
from alembic_proof.sql import split_qualified_name, unquote_identifier


class ChooseRenames(Protocol):
    """Decides which of the possible renames are real."""

    def __call__(self, possible: tuple[Rename, ...]) -> tuple[Rename, ...]:
        """Return the real ones.

        :raises ConfigError: Nobody can be asked.
        """


@dataclass(slots=True)
class _Renaming:
    """The history's scratch database while its objects are renamed."""

    url: str
    read: Callable[[], Snapshot]
    models_for: Callable[[Snapshot], Catalog]
    snapshot: Snapshot
    done: list[Rename] = field(default_factory=list)
    refused: set[Rename] = field(default_factory=set)
    """The renames that PostgreSQL refuses, as another object has the name."""

    @property
    def catalog(self) -> Catalog:
        """The catalog as it is now."""
        return self.snapshot.catalog

    @property
    def models(self) -> Catalog:
        """The models' catalog as far as it concerns the present one."""
        return self.models_for(self.snapshot)

    def apply(self, renames: Iterable[Rename], *, is_optional: bool = False) -> None:
        """Rename the objects and read the catalog again, if there are any."""
        wanted = tuple(self._with_schemas(one for one in renames if one not in self.refused))
        if not wanted:
            return
        done = apply_renames(self.url, wanted, is_optional=is_optional)
        self.refused.update(set(wanted) - set(done))
        self.done += done
        if done:
            self.snapshot = self.read()

    def _with_schemas(self, renames: Iterable[Rename]) -> Iterator[Rename]:
        """Yield the renames; the first one into a new schema creates it."""
        known: set[str] = {one.identity for one in self.catalog.of_kind("schema")}
        for one in renames:
            schema = split_qualified_name(one.after.identity)[0]
            is_new = schema not in known and one.before.kind != "schema"
            known.add(schema)
            yield replace(one, makes_schema=is_new)

    def apply_conventional(self) -> None:
        """Rename what is equal but for its name, until nothing is."""
        count = -1
        while count != len(self.done):
            count = len(self.done)
            self.apply(conventional_renames(self.catalog, self.models), is_optional=True)


def rename_history(
    url: str,
    *,
    snapshot: Snapshot,
    read: Callable[[], Snapshot],
    models_for: Callable[[Snapshot], Catalog],
    requests: Iterable[RenameRequest],
    choose: ChooseRenames,
) -> tuple[Rename, ...]:
    """Rename the objects that the models have under another name; return the renames in order.

    First those that a person names, then those that lose nothing, then those that `choose` takes
    from the possible ones. Renaming a table brings up its columns, so this is repeated.

    :param url: The history's scratch database, at head.
    :param snapshot: The snapshot of that database.
    :param read: Reads it again.
    :param models_for: Returns the models' catalog; what does not concern them is as in this snapshot.
    :raises ConfigError: A request that names no such objects, or a question that nobody can answer.
    """
    work = _Renaming(url, read, models_for, snapshot)
    for request in sorted(requests, key=lambda one: one.rank):
        request = _with_new_parents(request, work.done)
        work.apply([resolve(request, work.catalog, work.models)])
    asked: set[tuple[object, object]] = set()
    while True:
        work.apply_conventional()
        possible = tuple(one for one in _possible(work) if (one.old, one.new) not in asked)
        if not possible:
            return tuple(work.done)
        asked |= {(one.old, one.new) for one in possible}
        work.apply(choose(possible))


def _possible(work: _Renaming) -> tuple[Rename, ...]:
    models = work.models
    names = types_to_compare(work.catalog, models)
    types = TypeCasts()
    if names:
        types = run_on(work.url, lambda connection: read_type_casts(connection, names))
    return possible_renames(work.catalog, models, types)


def _with_new_parents(request: RenameRequest, done: Iterable[Rename]) -> RenameRequest:
    """Return the request with the new name of a table or type that was renamed before."""
    *holder, name = request.old
    wanted = [fold_identifier(part) for part in holder]
    for one in done:
        old, new = (split_qualified_name(record.identity) for record in (one.before, one.after))
        if wanted and [unquote_identifier(part) for part in old][-len(wanted) :] == wanted:
            return replace(request, old=(*new, name))
    return request


def apply_renames(
    url: str, renames: Iterable[Rename], *, is_optional: bool = False
) -> tuple[Rename, ...]:
    """Rename the objects in one transaction; return the renames that were done.

    :param is_optional: Leave out those that PostgreSQL refuses.
    :raises ConfigError: PostgreSQL refuses one.
    """

    def work(connection: Connection) -> tuple[Rename, ...]:
        return tuple(_apply(connection, renames, is_optional=is_optional))

    return run_on(url, work)


def _apply(
    connection: Connection, renames: Iterable[Rename], *, is_optional: bool
) -> Iterator[Rename]:
    for one in renames:
        try:
            with connection.begin_nested():
                for statement in one.statements:
                    _ = connection.exec_driver_sql(
                        statement, execution_options={"no_parameters": True}
                    )
        except DBAPIError as error:
            if not is_optional:
                raise _refused(one, error) from error
        else:
            yield one


def _refused(rename: Rename, error: DBAPIError) -> ConfigError:
    message = server_message(error)
    old, new = rename.names
    return ConfigError(
        f"{rename.before.kind} {old} cannot be renamed to {new}: "
        f"{message.one_line if message else error.orig}",
        todo="name another object, or answer that it was not renamed",
    )
