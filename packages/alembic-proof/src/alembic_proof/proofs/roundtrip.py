"""The round trip: up, down, up again; equal catalogs at the bottom and at the top.

The history is walked as a whole. What one revision leaves behind and a later downgrade sweeps
away is seen only by a walk that turns round at every revision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config

from alembic_proof.catalog import Catalog, diff
from alembic_proof.errors import HistoryError
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.environment import Environment, read_environment
from alembic_proof.history.script import alembic_config, run_downgrade, run_upgrade
from alembic_proof.proofs.database import read_database
from alembic_proof.proofs.floor import Floor, find_floor
from alembic_proof.proofs.step import Tell, timed

Move = Callable[[Config, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """One round trip on one scratch database."""

    config: Config
    environment: Environment
    tell: Tell

    def move(self, step: str, move: Move, revision: str) -> None:
        """Take the database to `revision`."""
        with timed(step, tell=self.tell):
            move(self.config, revision)

    def read(self, step: str) -> Catalog:
        """The database's catalog now."""
        with timed(step, tell=self.tell):
            return read_database(self.config.attributes["url"], environment=self.environment)


def prove_roundtrip(ini: Path, *, url: str, tell: Tell) -> tuple[Finding, ...]:
    """What going down or up again leaves different; empty when nothing is.

    The URL is of an empty scratch database, which is used. The round trip ends at the first
    revision that fails, which is a finding.

    Raises:
        HistoryError: a history that cannot be loaded, or an env.py that cannot be used.
    """
    config = alembic_config(ini, url=url)
    walk = _Walk(config=config, environment=read_environment(config), tell=tell)
    return tuple(_findings(walk, floor=find_floor(config)))


def _findings(walk: _Walk, *, floor: Floor) -> Iterator[Finding]:
    try:
        yield from _walk_all(walk, floor=floor)
    except HistoryError as error:
        yield _stop(error, floor=floor)


def _walk_all(walk: _Walk, *, floor: Floor) -> Iterator[Finding]:
    bottom_name, top_name = floor.revision, "head"
    if not floor.is_base:
        yield Finding(
            rule="irreversible",
            message=f"nothing below {bottom_name} is proved: {floor.irreversible}",
            severity=Severity.NOTE,
        )
        walk.move(f"upgrade to {bottom_name}", run_upgrade, bottom_name)
    bottom = walk.read(f"read {bottom_name}")
    walk.move(f"upgrade to {top_name}", run_upgrade, "heads")
    top = walk.read(f"read {top_name}")
    walk.move(f"downgrade to {bottom_name}", run_downgrade, bottom_name)
    yield from _compare(bottom, walk.read(f"read {bottom_name} again"), rule="not-restored")
    walk.move(f"upgrade to {top_name} again", run_upgrade, "heads")
    yield from _compare(top, walk.read(f"read {top_name} again"), rule="not-rebuilt")


def _compare(before: Catalog, after: Catalog, *, rule: str) -> Iterator[Finding]:
    when = {"not-restored": "after the downgrade", "not-rebuilt": "after the second upgrade"}[rule]
    for change in diff(before, after):
        yield Finding(rule=rule, message=f"{when}: {change}", severity=Severity(change.severity))


def _stop(error: HistoryError, *, floor: Floor) -> Finding:
    """A revision that fails; one that refuses to go down is a warning, a declared one a note."""
    is_refusal = any(isinstance(cause, NotImplementedError) for cause in _causes(error))
    if not is_refusal:
        return Finding(rule="revision-fails", message=str(error))
    return Finding(
        rule="downgrade-refuses",
        message=str(error),
        severity=Severity.NOTE if floor.irreversible else Severity.WARNING,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
