"""Write a revision from the difference between the models and the history.

Begin with `difference.Difference` (what is read), `plan.plan` (what is done, in which order) and
`operations.operations` (how a file says it); docs/explanation/architecture.md lists the other modules.
"""

from alembic_proof.authoring.hook import complete_revision

__all__ = ["complete_revision"]
