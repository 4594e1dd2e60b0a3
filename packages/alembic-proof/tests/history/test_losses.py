"""What a `lossy` declaration names."""

from __future__ import annotations

import pytest

from alembic_proof.history.losses import parse_losses


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tags.name: cut after 50 characters", [("tags.name",)]),
        ("tags: rows go; audit.log.at: the hours go", [("tags",), ("audit.log.at",)]),
        ("tags.name, tags.slug: cut\nusers: gone", [("tags.name", "tags.slug"), ("users",)]),
        ("downgrade: tags.name: cut", [("tags.name",)]),
        ('"Odd;Name"."a.b": cut', [('"Odd;Name"."a.b"',)]),
        ("tags.name: cut; and padded", [("tags.name",)]),
        ("downgrade: the numbers are gone", [()]),
        ("upgrade: what is NULL; downgrade: the order", [()]),
        ("Note: nobody reads it", [()]),
        ("see https://example.org/why", [()]),
        ("the names are cut", [()]),
        ("", []),
    ],
)
def test_names_stand_before_a_colon(text: str, names: list[tuple[str, ...]]) -> None:
    """A direction may stand before them; a sentence names nothing."""
    assert [tuple(name.text for name in loss.names) for loss in parse_losses(text)] == names


@pytest.mark.parametrize(
    ("text", "table", "column", "is_covered"),
    [
        ("tags.name: cut", "public.tags", "name", True),
        ("tags.name: cut", "public.tags", "slug", False),
        ("tags.name: cut", "public.tags", "", False),
        ("tags.name: cut", "tags.name", "x", True),
        ("tags: cut", "public.tags", "slug", True),
        ("tags: cut", "audit.tags", "slug", False),
        ("audit.tags: cut", "audit.tags", "slug", True),
        ('"Odd"."a.b": cut', 'public."Odd"', "a.b", True),
        ("all of it is cut", "public.tags", "", True),
    ],
)
def test_only_what_is_named_is_covered(
    text: str, table: str, column: str, *, is_covered: bool
) -> None:
    """A table stands for its columns; a sentence that names nothing covers all."""
    [loss] = parse_losses(text)

    assert loss.covers(table, column) is is_covered
