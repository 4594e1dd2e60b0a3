"""The rows that a new row references are chosen so that its foreign keys agree."""

from __future__ import annotations

from alembic_proof.rows.checks.constraints import RowConstraints, ValueConstraint
from alembic_proof.rows.references import NoReferencedRow, choose_references
from alembic_proof.rows.schema import (
    ColumnInfo,
    ForeignKeyInfo,
    KnownRows,
    RowValues,
    TableInfo,
    TableName,
    TypeInfo,
    TypeKind,
    UniqueKey,
)

INTEGER = TypeInfo("pg_catalog", "int4", TypeKind.BASE)
BOARDS, USERS = TableName("public.boards"), TableName("public.users")
TABLE = TableInfo(
    name=TableName("public.members"),
    columns=(
        ColumnInfo("tenant_id", INTEGER, is_nullable=False),
        ColumnInfo("board_id", INTEGER, is_nullable=False),
        ColumnInfo("invited_by", INTEGER),
    ),
    keys=(UniqueKey("members_pkey", ("tenant_id", "board_id"), is_primary=True),),
    foreign_keys=(
        ForeignKeyInfo("board", ("tenant_id", "board_id"), BOARDS, ("tenant_id", "id")),
        ForeignKeyInfo("inviter", ("tenant_id", "invited_by"), USERS, ("tenant_id", "id")),
    ),
)
ROWS: KnownRows = {
    BOARDS: ({"tenant_id": "1", "id": "10"}, {"tenant_id": "2", "id": "20"}),
    USERS: ({"tenant_id": "2", "id": "21"}, {"tenant_id": "1", "id": "11"}),
}


def choose(
    rows: KnownRows = ROWS,
    *,
    n: int = 0,
    choice_number: int = 0,
    constraints: RowConstraints | None = None,
    is_null_wanted: bool = False,
    not_null_columns: frozenset[str] = frozenset(),
) -> RowValues | NoReferencedRow:
    """Return the references of the table."""
    return choose_references(
        TABLE,
        TABLE.foreign_keys,
        rows,
        n=n,
        choice_number=choice_number,
        constraints=constraints or {},
        is_null_wanted=is_null_wanted,
        not_null_columns=not_null_columns,
    )


def test_foreign_keys_agree_in_the_column_that_they_share() -> None:
    """Each row begins with another candidate."""
    assert choose(n=0) == {"tenant_id": "1", "board_id": "10", "invited_by": "11"}
    assert choose(n=1) == {"tenant_id": "2", "board_id": "20", "invited_by": "21"}


def test_null_is_the_last_choice_unless_it_is_wanted() -> None:
    """Only the column that no other foreign key uses is NULL."""
    expected = {"tenant_id": "1", "board_id": "10", "invited_by": None}

    assert choose(choice_number=1) == expected
    assert choose(is_null_wanted=True) == expected
    assert choose({**ROWS, USERS: ()}) == expected


def test_a_key_that_may_not_be_null_needs_a_row() -> None:
    """Without one the key is named."""
    without_users = choose({**ROWS, USERS: ()}, not_null_columns=frozenset({"invited_by"}))
    without_boards = choose({**ROWS, BOARDS: ()})

    assert without_users == NoReferencedRow(TABLE.foreign_keys[1])
    assert str(without_boards) == "board refers to public.boards, which has no row that fits"


def test_checks_restrict_the_choice() -> None:
    """A list of values leaves one board; two columns that must differ leave no inviter."""
    only_second = {"board_id": ValueConstraint(one_of=("20",))}
    never_equal = {"invited_by": ValueConstraint(greater_than=("board_id",))}
    same_ids: KnownRows = {table: ({"tenant_id": "1", "id": "10"},) for table in (BOARDS, USERS)}

    assert choose(constraints=only_second) == choose(n=1)
    assert choose(same_ids) == {"tenant_id": "1", "board_id": "10", "invited_by": "10"}
    assert choose(same_ids, constraints=never_equal) == {
        "tenant_id": "1",
        "board_id": "10",
        "invited_by": None,
    }
