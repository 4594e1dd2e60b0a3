"""The proofs that a session runs, on scratch databases that are gone when it is done."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import read_chain
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.project import (
    Project,
    history_databases,
    load_scratch_history,
    scratch_server_url,
)
from alembic_proof.proofs import Step, prove_parity
from alembic_proof.prove import prove_revisions


def find_in_revisions(
    project: Project, *, wanted: Collection[str] | None, rows: int
) -> tuple[Finding, ...]:
    """What the round trip finds in these revisions (None: in all), with so many rows in each table.

    Raises:
        ProofError: broken surroundings.
    """
    server_url = scratch_server_url(project, os.environ)
    steps: list[Step] = []
    with history_databases(project, server_url, label="pytest roundtrip") as open_database:
        script, open_database = load_scratch_history(project, open_database)
        if wanted is None:
            wanted = [one.revision_id for one in read_chain(script)]
        findings = prove_revisions(
            project,
            script=script,
            open_database=open_database,
            wanted=wanted,
            tell=steps.append,
            rows=rows,
        )
    reached = {step.name.partition(" ")[0] for step in steps}
    reached.update(name for one in findings for name in (one.revision, *one.others))
    return (*findings, *_not_reached(sorted(set(wanted or ()) - reached)))


def find_in_models(project: Project) -> tuple[Finding, ...]:
    """What models and history disagree on.

    Raises:
        ProofError: broken surroundings, or models or a history that cannot be built.
    """
    server_url = scratch_server_url(project, os.environ)
    with (
        history_databases(project, server_url, label="pytest history") as open_database,
        scratch_database(server_url, label="pytest models") as models_url,
    ):
        return prove_parity(
            project.alembic,
            history_url=open_database(),
            models_url=models_url,
            tell=_tell_nobody,
            settings=project.config,
        )


def _not_reached(revision_ids: Collection[str]) -> Iterator[Finding]:
    """A revision that had no turn was not proved: the database of `start_sql` is beyond it."""
    for revision_id in revision_ids:
        yield Finding(
            rule="not-proved",
            message=f"{revision_id}: not proved: the database starts beyond it",
            severity=Severity.NOTE,
            revision=revision_id,
            direction="upgrade",
        )


def _tell_nobody(_: Step) -> None:
    """A session shows its own progress."""
