"""Rows are changed directly before the action that refuses them, and nowhere else."""

from __future__ import annotations

import pytest

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.filled_plan import with_fills
from alembic_proof.authoring.fills import Fill
from alembic_proof.authoring.value_questions import Reason, ValueQuestion
from alembic_proof.catalog import Catalog, CatalogObject, key
from alembic_proof.rows import TableName

TABLE = CatalogObject(key("table", "public.members"), (("column order", "role"),))
COLUMN = CatalogObject(
    key("column", "public.members.role"), (("type", "text"),), parents=(TABLE.key,)
)
FILL = Fill(
    question=ValueQuestion(
        TableName("public.members"),
        ("role",),
        Reason.CHECK,
        "members gets CHECK (role = 'viewer')",
        condition="NOT (role = 'viewer')",
        subject="ck_role",
    ),
    column="role",
    expression="'viewer'",
)


def check(definition: str) -> CatalogObject:
    """Return the check of that definition."""
    return CatalogObject(
        key("constraint", "public.members.ck_role"),
        (("definition", definition),),
        parents=(TABLE.key,),
    )


OLD, NEW = "CHECK ((role = 'viewer'))", "CHECK ((role = ANY (ARRAY['viewer', 'owner'])))"


@pytest.mark.parametrize(
    ("definition", "verbs"),
    [
        (OLD, ["fill", "create"]),
        (f"{OLD} NOT VALID", ["fill", "create"]),
        (NEW, ["create"]),
        (f"{NEW} NOT VALID", ["create"]),
    ],
)
def test_a_part_of_the_way_changes_rows_only_for_the_form_of_the_goal(
    definition: str, verbs: list[str]
) -> None:
    """The revision that validates a check creates the same check again when it is taken back."""
    create = Action(verb="create", record=check(definition))
    after = Catalog.of([TABLE, COLUMN, check(definition)])
    goal = Catalog.of([TABLE, COLUMN, check(OLD)])

    found = with_fills([create], [FILL], after=after, goal=goal)

    assert [one.verb for one in found] == verbs
