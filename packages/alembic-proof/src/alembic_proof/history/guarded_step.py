"""A revision's step that can neither end the process unnoticed nor hang without a trace.

Its backfill belongs to it: as one UPDATE, where a deployment runs batches.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from alembic.runtime.migration import RevisionStep

from alembic_deploy.backfill.steps import backfill_of, run_as_one_update
from alembic_deploy.process_exit import refuse_exits_of
from alembic_proof.finding import shown_path
from alembic_proof.supervised import note_running


def guarded_step(step: RevisionStep) -> RevisionStep:
    """Return the step itself: it cannot end the process, and the supervisor knows when it runs.

    It ends with the revision's backfill; a downgrade begins with the undo of it.
    """
    migrate = refuse_exits_of(step).migration_fn
    direction = "upgrade" if step.is_upgrade else "downgrade"
    place = f"{shown_path(step.revision.path)}, {direction}()"

    def run(**arguments: Any) -> None:
        note_running(place)
        backfill = backfill_of(step)
        if backfill is not None and backfill.undo is not None and step.is_downgrade:
            run_as_one_update(op.get_context(), backfill, is_undo=True)
        migrate(**arguments)
        if backfill is not None and step.is_upgrade:
            run_as_one_update(op.get_context(), backfill, is_undo=False)

    step.migration_fn = run
    return step
