"""docs/reference/catalog.md lists the kinds and attributes of the code, and each has a case."""

from __future__ import annotations

import os
import re
from pathlib import Path

from alembic_proof.catalog.queries.statement import OBJECT_QUERIES

from .cases import CASES
from .cases.not_authored import REASONS
from .conftest import ROOT
from .reference_page import attributes_of, with_kinds

KINDS = tuple(kind for query in OBJECT_QUERIES for kind in query.kinds)
ATTRIBUTES = frozenset(
    name for query in OBJECT_QUERIES for kind in query.kinds for name in attributes_of(query, kind)
)
UNTRIED = {
    "grant to *role*": "named by its role, see below",
    "column order": "a kind of its own",
    "left type": "part of an operator's name",
    "right type": "part of an operator's name",
}
UNNAMED = {"enum": "values"}
"""The attribute that a change does not name, where it is not the definition."""
PAGE = ROOT / "docs" / "reference" / "catalog.md"
REWRITE = "ALEMBIC_PROOF_WRITE_PAGES"


def test_the_page_is_up_to_date() -> None:
    """The table of kinds is that of the code; with ALEMBIC_PROOF_WRITE_PAGES=1 it is written again."""
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get(REWRITE):
        Path(PAGE).write_text(with_kinds(page), encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")

    assert page == with_kinds(page), f"run these tests with {REWRITE}=1"


def test_the_page_on_authoring_names_each_exception() -> None:
    """What no revision makes is listed; `python -m bench.authoring --page` writes it again."""
    page = (PAGE.parent / "authoring.md").read_text(encoding="utf-8")

    assert [name for name in REASONS if f"`{name}`" not in page] == []
    assert f"| {len(CASES) - len(REASONS)} |" in page


def test_every_kind_has_a_case() -> None:
    """Each kind of object has a case."""
    said = " ".join(case.message for case in CASES)

    assert [
        kind for query in OBJECT_QUERIES for kind in query.kinds if f"{kind} " not in said
    ] == []


def test_there_are_enough_cases() -> None:
    """At least ninety single changes with unique names."""
    assert len({case.name for case in CASES}) == len(CASES) >= 90


def test_every_attribute_has_a_case() -> None:
    """Each attribute of each kind is changed once."""
    tried = {_subject(case.message) for case in CASES}
    expected = {
        (kind, attribute)
        for query in OBJECT_QUERIES
        for kind in query.kinds
        for attribute in attributes_of(query, kind)
        if attribute not in UNTRIED
    }

    assert expected - tried == set()


def test_grants_of_every_kind_have_a_case() -> None:
    """Each kind with an access control list is granted once."""
    tried = {_subject(case.message)[0] for case in CASES if ", grant to " in case.message}
    expected = {
        kind
        for query in OBJECT_QUERIES
        for kind in query.kinds
        if "grant to *role*" in attributes_of(query, kind)
    }

    assert expected - tried == set()


def _subject(message: str) -> tuple[str, str]:
    """Kind and attribute that a sentence is about."""
    kind = max((kind for kind in KINDS if message.startswith(f"{kind} ")), key=len, default="")
    named = re.search(r", ([a-zA-Z ]+):", message.split(" -> ")[0])
    return kind, named[1] if named and named[1] in ATTRIBUTES else UNNAMED.get(kind, "definition")
