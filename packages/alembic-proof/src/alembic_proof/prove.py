"""The proof of a project's revisions, as every entry runs it: the round trip, then the scripts of `--sql`."""

from __future__ import annotations

from collections.abc import Callable, Collection

from alembic.script import ScriptDirectory

from alembic_proof.finding import Finding
from alembic_proof.history.chain import read_chain
from alembic_proof.lint import revisions_accepting
from alembic_proof.project import Project, supplied_rows
from alembic_proof.proofs import RowPlan, Tell, prove_offline_sql, prove_roundtrip


def prove_revisions(
    project: Project,
    *,
    script: ScriptDirectory,
    open_database: Callable[[], str],
    wanted: Collection[str],
    tell: Tell,
    rows: int | None = None,
    is_offline_sql_wanted: bool = False,
    keep: Callable[[tuple[Finding, ...]], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Return what is wrong with the revisions; empty for nothing.

    :param wanted: their ids; the revisions before them are applied.
    :param rows: how many rows a table gets; by default as many as a plan has.
    :param is_offline_sql_wanted: prove the scripts of `--sql` also where the settings do not ask for it.
    :param keep: is given what was found so far where an error ends the proof.

    :raises ProofError: broken surroundings, or settings that cannot be used.
    """
    row_plan = RowPlan(
        rows=RowPlan().rows if rows is None else rows,
        supplied=supplied_rows(project),
        left_out=frozenset(project.config.leave_out),
    )
    findings = prove_roundtrip(
        project.alembic,
        script=script,
        open_database=open_database,
        tell=tell,
        wanted=wanted,
        row_plan=row_plan,
        settings=project.config,
        keep=keep,
    )
    if not (is_offline_sql_wanted or project.config.offline_sql):
        return findings
    scripts = prove_offline_sql(
        project.alembic,
        script=script,
        chain=read_chain(script),
        open_database=open_database,
        tell=tell,
        wanted=wanted,
        left_out=revisions_accepting(project.alembic, "breaks-offline-sql"),
        found=findings,
        settings=project.config,
        keep=keep,
    )
    return (*findings, *scripts)
