"""The proofs that a session runs, on scratch databases that are gone when it is done."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import read_chain
from alembic_proof.lint import revisions_accepting
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.project import (
    Project,
    history_databases,
    load_scratch_history,
    scratch_server_url,
    supplied_rows,
)
from alembic_proof.proofs import RowPlan, Step, prove_offline_sql, prove_parity, prove_roundtrip


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
        findings = prove_roundtrip(
            project.alembic,
            script=script,
            open_database=open_database,
            tell=steps.append,
            wanted=wanted,
            row_plan=RowPlan(
                rows=rows,
                supplied=supplied_rows(project),
                left_out=frozenset(project.config.leave_out),
            ),
            settings=project.config,
        )
        if project.config.offline_sql:
            chain = read_chain(script)
            findings += prove_offline_sql(
                project.alembic,
                script=script,
                chain=chain,
                open_database=open_database,
                tell=_tell_nobody,
                wanted={one.revision_id for one in chain} if wanted is None else wanted,
                left_out=revisions_accepting(project.alembic, "breaks-offline-sql"),
                found=findings,
                settings=project.config,
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
