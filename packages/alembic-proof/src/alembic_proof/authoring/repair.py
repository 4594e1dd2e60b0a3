"""Write the statements that make one database like another one, for a person to run."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl import action_sql
from alembic_proof.authoring.plan import plan
from alembic_proof.catalog import Snapshot

_ASIDE = "-- Only with --allow-drops:"


def repair_script(before: Snapshot, after: Snapshot, *, drops_allowed: bool) -> str:
    """Return the statements that turn `before` into `after`, each ended by a semicolon.

    A statement that drops an object and does not create it again is a comment.

    :param drops_allowed: Write such statements like the others.
    """
    actions = plan(before, after)
    created = {one.key for one in actions if one.verb == "create"}
    return "\n".join(
        line
        for action in actions
        for line in _lines(
            action,
            before,
            after,
            is_comment=not drops_allowed and action.verb == "drop" and action.key not in created,
        )
    )


def _lines(action: Action, before: Snapshot, after: Snapshot, *, is_comment: bool) -> Iterator[str]:
    for statement in action_sql(action, before=before.catalog, after=after.catalog):
        text = f"{statement};"
        yield f"{_ASIDE}\n{indent(text, '-- ', lambda _: True)}" if is_comment else text
