"""docs/catalog.md says what the code does."""

from __future__ import annotations

import os
import re
from pathlib import Path

from alembic_proof.catalog.queries import SELECTS

from .battery import CASES
from .conftest import ROOT
from .page import attributes_of, with_regions

KINDS = tuple(kind for select in SELECTS for kind in select.kinds)
ATTRIBUTES = frozenset(
    name for select in SELECTS for kind in select.kinds for name in attributes_of(select, kind)
)
UNTRIED = {
    "grant to *role*": "named by its role, see below",
    "column order": "a kind of its own",
    "left type": "part of an operator's name",
    "right type": "part of an operator's name",
}
UNNAMED = {"enum": "values"}
"""The attribute that a change does not name, where it is not the definition."""
PAGE = ROOT / "docs" / "catalog.md"
REWRITE = "ALEMBIC_PROOF_WRITE_PAGES"


def test_the_page_is_up_to_date() -> None:
    """The tables of kinds and of changes are those of the code; REWRITE=1 writes them anew."""
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get(REWRITE):
        Path(PAGE).write_text(with_regions(page), encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")

    assert page == with_regions(page), f"run these tests with {REWRITE}=1"


def test_every_kind_is_tried() -> None:
    """No kind of object is read that no change of the battery is about."""
    said = " ".join(case.says for case in CASES)

    assert [kind for select in SELECTS for kind in select.kinds if f"{kind} " not in said] == []


def test_the_battery_is_long_enough() -> None:
    """At least ninety single changes, each with a name of its own."""
    assert len({case.name for case in CASES}) == len(CASES) >= 90


def test_every_attribute_is_tried() -> None:
    """Each attribute is changed once, on every kind that has it."""
    tried = {_subject(case.says) for case in CASES}
    expected = {
        (kind, attribute)
        for select in SELECTS
        for kind in select.kinds
        for attribute in attributes_of(select, kind)
        if attribute not in UNTRIED
    }

    assert expected - tried == set()


def test_grants_are_tried_on_every_kind() -> None:
    """Whatever has an access control list is granted to somebody once."""
    tried = {_subject(case.says)[0] for case in CASES if ", grant to " in case.says}
    expected = {
        kind
        for select in SELECTS
        for kind in select.kinds
        if "grant to *role*" in attributes_of(select, kind)
    }

    assert expected - tried == set()


def _subject(says: str) -> tuple[str, str]:
    """Kind and attribute that a sentence is about."""
    kind = max((kind for kind in KINDS if says.startswith(f"{kind} ")), key=len, default="")
    named = re.search(r", ([a-zA-Z ]+):", says.split(" -> ")[0])
    return kind, named[1] if named and named[1] in ATTRIBUTES else UNNAMED.get(kind, "definition")
