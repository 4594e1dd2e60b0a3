"""Fill Alembic's directives with the plans of revisions: one script each, in a row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from alembic.operations import ops
from alembic.util import rev_id

from alembic_proof.authoring.actions import Actions, Verb
from alembic_proof.authoring.first_locks import with_locks_first
from alembic_proof.authoring.lossy_declaration import Declaration
from alembic_proof.authoring.operations import operations
from alembic_proof.authoring.revision_plans import CHANGING, RevisionPlan
from alembic_proof.authoring.source import Source
from alembic_proof.history.revisions import parse_losses

_WORD = re.compile(r"\w+")
_FILLING: tuple[Verb, ...] = ("fill",)
LONGEST_SLUG = 40
"""Of a file's name, as Alembic cuts it by default."""


def fill_directives(
    directives: list[ops.MigrationScript],
    plans: Sequence[RevisionPlan],
    *,
    source: Source,
    earlier_source: Source,
    lossy: str = "",
    longest_slug: int = LONGEST_SLUG,
    revision_ids: Sequence[str] = (),
) -> None:
    """Replace the one script of autogenerate by a script for each plan; each follows the one before.

    :param source: How the models spell what they declare.
    :param earlier_source: How the history's revisions spell what they created.
    :param lossy: What is lost, for the declarations of the revisions.
    :param longest_slug: `truncate_slug_length` of the project: the suffix must survive it.
    :param revision_ids: The ids of the scripts, as far as they are known, the first one's included.
    """
    [first] = directives
    message = first.message or ""
    scripts = [first, *_followers(first, len(plans) - 1, revision_ids[1:])]
    losses = divided_losses(lossy, plans)
    for number, (script, plan) in enumerate(zip(scripts, plans, strict=True), start=1):
        if len(plans) > 1:
            suffix = f"{number} {plan.suffix}"
            script.message = numbered_message(message, suffix, longest_slug=longest_slug)
        lost = losses[number - 1]
        up = with_locks_first(
            operations(plan.upgrade, before=plan.before, after=plan.after, source=source),
            before=plan.before.catalog,
            default_schema=source.default_schema,
        )
        script.upgrade_ops = ops.UpgradeOps([*([Declaration(lost)] if lost else []), *up])
        down = with_locks_first(
            operations(plan.downgrade, before=plan.after, after=plan.before, source=earlier_source),
            before=plan.after.catalog,
            default_schema=earlier_source.default_schema,
        )
        script.downgrade_ops = ops.DowngradeOps([*down])
    directives[:] = scripts


def _followers(
    script: ops.MigrationScript, count: int, ids: Sequence[str]
) -> Iterator[ops.MigrationScript]:
    """Yield further scripts beside the first one."""
    for number in range(count):
        script = ops.MigrationScript(
            rev_id=ids[number] if number < len(ids) else rev_id(),
            message="",
            upgrade_ops=ops.UpgradeOps([]),
            downgrade_ops=ops.DowngradeOps([]),
            imports=set(),
            head=str(script.rev_id),
            version_path=script.version_path,
        )
        yield script


def divided_losses(lossy: str, plans: Sequence[RevisionPlan]) -> list[str]:
    """Return what each revision loses.

    An entry belongs to the revision that fills its place in that direction, else to the first one that
    changes it.

    The rows of a column that is filled in a revision of its own stay filled when this is taken back.
    """
    found: list[list[str]] = [[] for _ in plans]
    for entry in (one.text for one in parse_losses(lossy)):
        place = entry.removeprefix("downgrade: ").partition(":")[0]
        is_downgrade = entry.startswith("downgrade: ")
        own = [one.downgrade if is_downgrade else one.upgrade for one in plans]
        all_ = [(*one.upgrade, *one.downgrade) for one in plans]
        numbers = [*_numbers(own, place, _FILLING), *_numbers(all_, place, CHANGING), 0]
        found[numbers[0]].append(entry)
    for entries, plan in zip(found, plans, strict=True):
        for action in plan.upgrade:
            place = action.record.identity.removeprefix("public.")
            is_filled = action.verb == "fill" and plan.before.catalog.find(action.key) is not None
            if is_filled and not any(one.startswith(f"{place}:") for one in entries):
                value = " ".join(action.expression.split())
                entries.append(f"{place}: NULL becomes {value}")
    return ["; ".join(entries) for entries in found]


def _numbers(plans: Sequence[Actions], place: str, verbs: Collection[Verb]) -> list[int]:
    """Return the numbers of the plans in which an action of these verbs changes the place."""
    return [number for number, actions in enumerate(plans) if place in _places(actions, verbs)]


def _places(actions: Actions, verbs: Collection[Verb]) -> frozenset[str]:
    """Return the tables and columns that actions of these verbs change, as `lossy` names them."""
    changed = (one for one in actions if one.verb in verbs)
    keys = (key for one in changed for key in (one.key, *one.columns))
    return frozenset(one.identity.removeprefix("public.") for one in keys)


def numbered_message(message: str, suffix: str, *, longest_slug: int) -> str:
    """Return the message with the suffix; its last words go if the file's name has no room for all.

    >>> numbered_message("add nickname", "1 expand", longest_slug=40)
    'add nickname: 1 expand'
    """
    words = message.split()
    while (
        len(words) > 1
        and len("_".join(_WORD.findall(f"{' '.join(words)} {suffix}"))) > longest_slug
    ):
        words.pop()
    return f"{' '.join(words)}: {suffix}"
