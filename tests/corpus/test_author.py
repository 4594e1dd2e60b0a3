"""The revisions at the projects' heads."""

from __future__ import annotations

from pathlib import Path

from corpus.author import answers_to, authored, with_revisions
from corpus.project import Project

_SHOP = Project(
    name="shop",
    directory=Path("shop"),
    distribution="the-shop",
    version="1.2",
    environment=(),
    groups=(),
)
_OUT = """\
# /shop/versions/1_what_differs.py

def upgrade():
    op.execute("DROP INDEX a")

/shop/versions/1_what_differs.py
  drop index public.a: ACCESS EXCLUSIVE, briefly
  create table public.b
note: not-in-the-models
  the models declare no extension
round trip, parity, lint: 1 note (52.8 s)
Nothing was written.
"""
_ERR = """\
scratch databases: postgres on localhost
the models cannot be created: no gin | gist
  where: CREATE INDEX a
  help: fix the models
"""


def test_actions_are_read_without_their_locks() -> None:
    """Those below a file's path; the verdict has no duration."""
    found = authored(_SHOP, out=_OUT, err="", code=0)

    assert found.actions == ("drop index public.a", "create table public.b")
    assert found.verdict == "round trip, parity, lint: 1 note"


def test_a_refusal_is_its_message() -> None:
    """The line before the place of the fault."""
    found = authored(_SHOP, out="", err=_ERR, code=2)

    assert (found.actions, found.verdict) == ((), "the models cannot be created: no gin | gist")


def test_the_section_is_replaced() -> None:
    """The rest of the page stays."""
    once = with_revisions("# Corpus\n", [authored(_SHOP, out=_OUT, err="", code=0)])
    twice = with_revisions(once + "\nmore\n", [authored(_SHOP, out="", err=_ERR, code=2)])

    assert "| the-shop | drop index public.a<br>create table public.b |" in once
    assert "| the-shop | nothing | the models cannot be created: no gin \\| gist |" in twice
    assert twice.startswith("# Corpus\n")
    assert twice.endswith("\nmore\n")
    assert "drop index" not in twice


def test_questions_about_rows_are_answered_once_each() -> None:
    """With the option that leaves rows as they are, or casts them."""
    err = """\
  a.b becomes NOT NULL, and rows may hold NULL:
    --fill a.b=b    (no such rows exist)
    --fill 'a.b=…'    (a SQL expression over the row's columns)
  a (b) references c, where rows may be missing:
    --fill a.b=b    (no such rows exist)
    --fill a.b=NULL
  x."Y" changes from text to integer: values may not fit into it:
    --fill 'x."Y"="Y"::integer'
"""
    assert answers_to(err) == ("--fill", "a.b=b", "--fill", 'x."Y"="Y"::integer')
