"""Run a proof for the command line and pytest: open its scratch databases, load the history, prove."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from alembic.script import ScriptDirectory

from alembic_proof.finding import Finding, StepListener
from alembic_proof.history.project import Project
from alembic_proof.history.project_environment import supplied_rows
from alembic_proof.history.revisions import ChainRevision, read_chain
from alembic_proof.lint import revisions_accepting
from alembic_proof.proofs.offline_sql import prove_offline_sql
from alembic_proof.proofs.parity import prove_parity
from alembic_proof.proofs.roundtrip import RowPlan, prove_roundtrip
from alembic_proof.scratch import history_and_models, history_databases, load_scratch_history

SelectRevisions = Callable[[ScriptDirectory, tuple[ChainRevision, ...]], Collection[str]]
"""A function that returns the ids of the revisions to prove; those before them are only applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTripResult:
    """The findings of a round trip, and the history and the revisions that it proved."""

    findings: tuple[Finding, ...] = ()
    """Empty if all is well, and if no revision was selected."""
    script: ScriptDirectory
    chain: tuple[ChainRevision, ...]
    """All revisions of the history, in the order in which they are applied."""
    selected: frozenset[str]


def select_all(_: ScriptDirectory, chain: tuple[ChainRevision, ...]) -> frozenset[str]:
    """Return the ids of all revisions."""
    return frozenset(one.revision_id for one in chain)


def run_roundtrip(
    project: Project,
    server_url: str,
    *,
    select: SelectRevisions = select_all,
    on_step: StepListener,
    expect: Callable[[Sequence[str]], None] = lambda _: None,
    rows: int | None = None,
    is_offline_sql_wanted: bool = False,
    keep: Callable[[tuple[Finding, ...]], None] = lambda _: None,
) -> RoundTripResult:
    """Prove the round trip of the selected revisions in scratch databases, then the `--sql` scripts.

    Example::

        result = run_roundtrip(find_project(Path("alembic.ini")), server_url, on_step=print)
        assert not has_failed(result.findings)

    :param server_url: The server on which the scratch databases are created.
    :param expect: Receives the names of the steps as soon as the revisions are selected.
    :param rows: The number of rows for each table; by default that of `RowPlan`.
    :param is_offline_sql_wanted: Prove the scripts of `--sql` even if the settings do not ask for it.
    :param keep: Receives the findings so far if an error stops the proof.
    :raises DeployError: A setup error, or settings that cannot be used.
    """
    with history_databases(project, server_url, label="roundtrip") as open_database:
        script, open_database = load_scratch_history(project, open_database)
        chain = read_chain(script)
        selected = frozenset(select(script, chain))
        result = RoundTripResult(script=script, chain=chain, selected=selected)
        if not selected:
            return result
        expect([one.name for one in chain if one.revision_id in selected])
        findings = prove_roundtrip(
            project,
            script=script,
            open_database=open_database,
            on_step=on_step,
            wanted=selected,
            row_plan=_row_plan(project, rows=rows),
            keep=keep,
        )
        result = replace(result, findings=findings)
        if is_offline_sql_wanted or project.settings.offline_sql:
            findings += _offline_sql(project, result, open_database, on_step=on_step, keep=keep)
        return replace(result, findings=findings)


def _offline_sql(
    project: Project,
    result: RoundTripResult,
    open_database: Callable[[], str],
    *,
    on_step: StepListener,
    keep: Callable[[tuple[Finding, ...]], None],
) -> tuple[Finding, ...]:
    """Return the findings on the `--sql` scripts of the selected revisions, after the round trip."""
    return prove_offline_sql(
        project,
        script=result.script,
        chain=result.chain,
        open_database=open_database,
        on_step=on_step,
        wanted=result.selected,
        left_out=revisions_accepting(project, "breaks-offline-sql"),
        found=result.findings,
        keep=keep,
    )


def _row_plan(project: Project, *, rows: int | None) -> RowPlan:
    return RowPlan(
        rows=RowPlan().rows if rows is None else rows,
        supplied=supplied_rows(project.settings),
        left_out=frozenset(project.settings.without_rows),
    )


def run_parity(project: Project, server_url: str, *, on_step: StepListener) -> tuple[Finding, ...]:
    """Prove parity in two scratch databases and return the findings; empty if all is well.

    :param server_url: The server on which the scratch databases are created.
    :raises DeployError: A setup error, or settings that cannot be used.
    """
    with history_and_models(project, server_url) as (history_url, models_url):
        return prove_parity(
            project, history_url=history_url, models_url=models_url, on_step=on_step
        )
