"""Prove the revisions that were just written, in the scratch databases in which they were written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from alembic_proof.authoring.difference import Difference
from alembic_proof.finding import Finding, Severity, has_failed, shown_path
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.project_environment import supplied_rows
from alembic_proof.history.revisions import load_history
from alembic_proof.lint import all_rules, lint, read_history
from alembic_proof.proofs.database_state import snapshot_of
from alembic_proof.proofs.parity import compare_with_models
from alembic_proof.proofs.roundtrip import RowPlan, prove_roundtrip
from alembic_proof.scratch import AuthoringDatabases


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The findings on new revisions."""

    roundtrip: tuple[Finding, ...] = ()
    parity: tuple[Finding, ...] = ()
    lint: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings that are shown, each once."""
        found = (*self.roundtrip, *self.parity, *self.lint)
        return tuple(one for one in found if not one.is_hidden)

    @property
    def is_clean(self) -> bool:
        """Whether nothing but notes was found."""
        return not has_failed(self.findings)


def prove_revisions(
    project: Project,
    databases: AuthoringDatabases,
    difference: Difference,
    *,
    paths: Collection[Path],
) -> Proof:
    """Prove the round trip of the revisions with rows, parity at their end, and lint their files.

    :param databases: The history's database, and the copy that was kept of it, are without the new
        revisions.
    :param paths: The files of the new revisions.
    :raises DeployError: A setup error, or settings that cannot be used.
    """
    paths = frozenset(path.absolute() for path in paths)
    found = _prove_roundtrip(project, databases, paths=paths)
    is_at_head = not any(one.severity is Severity.ERROR for one in found)
    return Proof(
        roundtrip=found,
        parity=_prove_parity(databases, difference) if is_at_head else (),
        lint=_lint(project, paths),
    )


def _prove_roundtrip(
    project: Project, databases: AuthoringDatabases, *, paths: Collection[Path]
) -> tuple[Finding, ...]:
    """Return the findings of the round trip; it begins where the history has ended before."""
    unused = [databases.history_url]
    script = load_history(alembic_config(project, url=databases.history_url))
    new = {one.revision for one in script.walk_revisions() if Path(one.path).absolute() in paths}
    return prove_roundtrip(
        project,
        script=script,
        open_database=lambda: unused.pop() if unused else databases.restore(),
        on_step=lambda _: None,
        wanted=new,
        row_plan=RowPlan(
            supplied=supplied_rows(project.settings),
            left_out=frozenset(project.settings.without_rows),
        ),
    )


def _prove_parity(databases: AuthoringDatabases, difference: Difference) -> tuple[Finding, ...]:
    """Return how the database in which the round trip has ended differs from the models."""
    found = snapshot_of(databases.history_url, environment=difference.environment)
    return compare_with_models(difference.declared.scope(found), found.catalog)


def _lint(project: Project, paths: Collection[Path]) -> tuple[Finding, ...]:
    """Return the findings of lint in these files."""
    settings = project.settings
    history = read_history(
        project,
        frozen_from=settings.frozen_from,
        exceptions=settings.exceptions,
        is_for_offline_sql=settings.offline_sql is not False,
        only=paths,
    )
    found = lint(history, rules=all_rules())
    shown = {shown_path(path) for path in paths}
    return tuple(one for one in found if one.location is None or one.location.path in shown)
