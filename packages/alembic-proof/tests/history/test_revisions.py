"""Revisions in the order of the history, which ones are chosen, and what they declare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from alembic_deploy.errors import ConfigError, HistoryError
from alembic_proof.config import Declaration
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import (
    ChainRevision,
    choose,
    followers,
    heads_of,
    load_history,
    parse_losses,
    read_chain,
    refuse_unknown,
    with_exceptions,
)

_CASES = Path(__file__).parents[1] / "cases" / "roundtrip"


@pytest.fixture
def chain(tmp_path: Path) -> tuple[ChainRevision, ...]:
    """Return a history with two bases, one of which depends on the other."""
    return read_chain(script_of(tmp_path, "history/two_bases_and_a_dependency"))


def script_of(tmp_path: Path, case: str) -> ScriptDirectory:
    """Load the history of a case."""
    ini = tmp_path / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = {_CASES / case}\npath_separator = os\n")
    return load_history(alembic_config(Project(file=ini)))


def test_a_revision_comes_after_those_that_it_needs(chain: tuple[ChainRevision, ...]) -> None:
    """These are its parents, and those that `depends_on` names by a label."""
    order = [revision.revision_id for revision in chain]

    assert sorted(order) == ["0001", "0002", "0003", "0004"]
    assert all(order.index(need) < order.index(r.revision_id) for r in chain for need in r.needs)
    assert {r.revision_id: r.needs for r in chain}["0002"] == ("0001",)


def test_followers_need_the_revision(chain: tuple[ChainRevision, ...]) -> None:
    """They may be in another tree; revisions beside it do not follow."""
    assert set(followers(chain, "0001")) == {"0002", "0003", "0004"}
    assert followers(chain, "0002") == ("0003",)
    assert followers(chain, "0004") == ()


def test_heads_are_needed_by_no_applied_revision(chain: tuple[ChainRevision, ...]) -> None:
    """As in the version table, a revision that another one depends on is no head."""
    assert heads_of(chain, []) == frozenset()
    assert heads_of(chain, ["0001"]) == {"0001"}
    assert heads_of(chain, ["0001", "0002", "0004"]) == {"0002", "0004"}


def test_declarations_are_read(tmp_path: Path) -> None:
    """The reason is the literal text, and empty without a declaration."""
    chain = read_chain(script_of(tmp_path, "irreversible/in_the_middle"))

    assert [r.irreversible for r in chain] == ["", "the addresses are lost", ""]
    assert {r.lossy for r in chain} == {""}


def test_revisions_are_chosen_by_name_range_start_and_file(tmp_path: Path) -> None:
    """A chosen revision matches all conditions; without conditions all are chosen."""
    script = script_of(tmp_path, "catalog/wrong_default")
    chain = read_chain(script)
    second = chain[1].path.resolve()

    assert choose(script, chain) == {"0001", "0002", "0003"}
    assert choose(script, chain, names=["0002:"]) == {"0002", "0003"}
    assert choose(script, chain, names=[":0002"]) == {"0001", "0002"}
    assert choose(script, chain, start="0002", names=["0001", "0003"]) == {"0003"}
    assert choose(script, chain, files=[second]) == {"0002"}
    assert choose(script, chain, files=[]) == frozenset()


@pytest.mark.parametrize("name", ["0009", "0009:", "", " "])
def test_an_unknown_name_is_an_error(tmp_path: Path, name: str) -> None:
    """A mistyped revision does not leave an empty proof."""
    script = script_of(tmp_path, "history/clean")
    chain = read_chain(script)

    with pytest.raises(HistoryError, match="no such revision"):
        choose(script, chain, names=[name])
    with pytest.raises(HistoryError, match="no such revision"):
        choose(script, chain, start=name)
    with pytest.raises(HistoryError, match="base is none"):
        choose(script, chain, start="base")


def test_a_head_among_several_has_to_be_named(tmp_path: Path) -> None:
    """`head` is ambiguous; `heads` means all of them."""
    script = script_of(tmp_path, "history/two_heads")

    with pytest.raises(HistoryError, match="there are several heads: ") as caught:
        choose(script, read_chain(script), names=["head"])

    assert caught.value.todo == "name one of them, or all: heads"
    assert choose(script, read_chain(script), names=["heads"])


def test_chain_order_is_not_file_order(ini: Path, write: Callable[..., Path]) -> None:
    """Each revision comes after its parent; file names do not matter."""
    write("19990101_000000_late.py", revision="late", down="c" * 12)

    found = read_chain(load_history(alembic_config(Project(file=ini))))

    assert [one.revision_id for one in found] == ["a" * 12, "b" * 12, "c" * 12, "late"]
    assert [one.needs for one in found] == [(), ("a" * 12,), ("b" * 12,), ("c" * 12,)]
    assert found[-1].path.name == "19990101_000000_late.py"


def test_an_empty_history_is_no_chain(ini: Path) -> None:
    """There are no revisions."""
    for path in (ini.parent / "alembic" / "versions").glob("*.py"):
        path.unlink()

    assert read_chain(load_history(alembic_config(Project(file=ini)))) == ()


def test_a_configuration_without_a_script_location_is_an_error(tmp_path: Path) -> None:
    """Alembic's own words, as one clear error."""
    (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")

    with pytest.raises(HistoryError, match="script_location"):
        load_history(alembic_config(Project(file=tmp_path / "alembic.ini")))


FIRST = ChainRevision(revision_id="0001", path=Path("a.py"), title="A", irreversible="no way")
SECOND = ChainRevision(revision_id="0002", path=Path("b.py"), title="B")
CHAIN = (FIRST, SECOND)
SETTINGS = Path("shop", "pyproject.toml")


def test_an_exception_counts_like_a_declaration() -> None:
    """Both kinds count; the order and revisions without an exception do not change."""
    exceptions = (
        Declaration(revision="0002", kind="lossy", reason="ids go"),
        Declaration(revision="0002", kind="irreversible", reason="forever"),
    )

    first, second = with_exceptions(CHAIN, exceptions, settings=SETTINGS)

    assert first is FIRST
    assert (second.lossy, second.irreversible) == ("ids go", "forever")
    assert with_exceptions(CHAIN, (), settings=SETTINGS) == CHAIN


def test_an_unknown_revision_is_refused() -> None:
    """A complete id is needed: a prefix may name another revision later."""
    with pytest.raises(
        ConfigError, match=r"exceptions in .* names 00, but no revision has this id"
    ):
        with_exceptions(
            CHAIN, [Declaration(revision="00", kind="lossy", reason="x")], settings=SETTINGS
        )
    with pytest.raises(ConfigError, match=r"skip in .* names 0003") as caught:
        refuse_unknown(CHAIN, ["0001", "0003"], key="skip", settings=SETTINGS)
    assert caught.value.where == str(SETTINGS)


def test_an_exception_that_repeats_the_file_is_refused() -> None:
    """Otherwise one of the two would be forgotten when the other is removed."""
    with pytest.raises(ConfigError, match="declares 0001 irreversible, as"):
        with_exceptions(
            CHAIN,
            [Declaration(revision="0001", kind="irreversible", reason="x")],
            settings=SETTINGS,
        )


def test_script_location_that_is_missing(ini: Path) -> None:
    """Alembic's own words, as a HistoryError."""
    ini.write_text("[alembic]\nscript_location = %(here)s/nowhere\npath_separator = os\n")

    with pytest.raises(HistoryError, match="nowhere"):
        load_history(alembic_config(Project(file=ini)))


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
def test_a_declaration_names_columns_before_a_colon(
    text: str, names: list[tuple[str, ...]]
) -> None:
    """A direction may precede them; a plain sentence names nothing."""
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
    """A table covers its columns; a declaration without names covers everything."""
    [loss] = parse_losses(text)

    assert loss.covers(table, column) is is_covered
