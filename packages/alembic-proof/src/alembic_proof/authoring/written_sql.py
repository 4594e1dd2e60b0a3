"""The SQL that new revisions send, as `alembic upgrade --sql` and `downgrade --sql` write it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from alembic_deploy.errors import HistoryError
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.offline import write_script
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import heads_of, load_history, read_chain


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSql:
    """The scripts of both directions."""

    upgrade: str
    downgrade: str


def write_sql(project: Project, url: str, *, paths: Collection[Path]) -> WrittenSql:
    """Return the SQL of the revisions in these files, which are the last ones of the history.

    :param url: The database that env.py names in its script.
    :raises HistoryError: env.py writes none, or a revision needs a connection.
    """
    files = {path.absolute() for path in paths}
    script = load_history(alembic_config(project, url=url))
    chain = read_chain(script)
    ids = [one.revision_id for one in chain if Path(one.path).absolute() in files]
    before = [one.revision_id for one in chain if one.revision_id not in ids]
    texts = []
    for is_upgrade in (True, False):
        written = write_script(
            alembic_config(project, url=url),
            script,
            ids if is_upgrade else ids[::-1],
            is_upgrade=is_upgrade,
            heads=sorted(heads_of(chain, before)) if is_upgrade else ids[-1:],
        )
        for step in written.unwritten:
            raise HistoryError(
                f"revision {step.revision_id} cannot be written as SQL: {step.error}",
                todo="leave --sql out; `alembic-proof explain breaks-offline-sql` says more",
            )
        texts.append(written.text.strip())
    return WrittenSql(upgrade=texts[0], downgrade=texts[1])
