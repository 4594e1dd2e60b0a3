"""The history in the order of the walk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from alembic_proof.errors import HistoryError
from alembic_proof.history.chain import (
    ChainRevision,
    choose,
    followers,
    heads_of,
    load_history,
    read_chain,
)
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config

_CASES = Path(__file__).parents[1] / "cases" / "roundtrip"


@pytest.fixture
def chain(tmp_path: Path) -> tuple[ChainRevision, ...]:
    """Two bases, one of which depends on the other."""
    return read_chain(script_of(tmp_path, "two_bases_and_a_dependency"))


def script_of(tmp_path: Path, case: str) -> ScriptDirectory:
    """The case's history, loaded."""
    ini = tmp_path / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = {_CASES / case}\npath_separator = os\n")
    return load_history(alembic_config(AlembicProject(file=ini)))


def test_what_a_revision_needs_stands_before_it(chain: tuple[ChainRevision, ...]) -> None:
    """Its parents, and what it depends on by a label."""
    order = [revision.revision_id for revision in chain]

    assert sorted(order) == ["0001", "0002", "0003", "0004"]
    assert all(order.index(need) < order.index(r.revision_id) for r in chain for need in r.needs)
    assert {r.revision_id: r.needs for r in chain}["0002"] == ("0001",)


def test_who_needs_a_revision_is_known(chain: tuple[ChainRevision, ...]) -> None:
    """Across trees, and not beside it."""
    assert set(followers(chain, "0001")) == {"0002", "0003", "0004"}
    assert followers(chain, "0002") == ("0003",)
    assert followers(chain, "0004") == ()


def test_heads_are_what_nothing_applied_needs(chain: tuple[ChainRevision, ...]) -> None:
    """As the version table has it: a dependency is no head any more."""
    assert heads_of(chain, []) == frozenset()
    assert heads_of(chain, ["0001"]) == {"0001"}
    assert heads_of(chain, ["0001", "0002", "0004"]) == {"0002", "0004"}


def test_declarations_are_read(tmp_path: Path) -> None:
    """The reason as it is written; nothing where nothing is declared."""
    chain = read_chain(script_of(tmp_path, "irreversible_in_the_middle"))

    assert [r.irreversible for r in chain] == ["", "the addresses are lost", ""]
    assert {r.lossy for r in chain} == {""}


def test_revisions_are_chosen_by_name_range_start_and_file(tmp_path: Path) -> None:
    """All conditions hold together; none leaves all."""
    script = script_of(tmp_path, "wrong_default")
    chain = read_chain(script)
    second = chain[1].path.resolve()

    assert choose(script, chain) == {"0001", "0002", "0003"}
    assert choose(script, chain, names=["0002:"]) == {"0002", "0003"}
    assert choose(script, chain, names=[":0002"]) == {"0001", "0002"}
    assert choose(script, chain, start="0002", names=["0001", "0003"]) == {"0003"}
    assert choose(script, chain, files=[second]) == {"0002"}
    assert choose(script, chain, files=[]) == frozenset()


@pytest.mark.parametrize("name", ["0009", "0009:", "", " "])
def test_a_name_that_nothing_has_is_an_error(tmp_path: Path, name: str) -> None:
    """A mistyped revision does not leave an empty proof."""
    script = script_of(tmp_path, "clean")
    chain = read_chain(script)

    with pytest.raises(HistoryError, match="no such revision"):
        choose(script, chain, names=[name])
    with pytest.raises(HistoryError, match="no such revision"):
        choose(script, chain, start=name)
    with pytest.raises(HistoryError, match="base is none"):
        choose(script, chain, start="base")


def test_a_head_among_several_has_to_be_named(tmp_path: Path) -> None:
    """There is nothing wrong with `head` but that there are two."""
    script = script_of(tmp_path, "two_heads")

    with pytest.raises(HistoryError, match="there are several heads: ") as caught:
        choose(script, read_chain(script), names=["head"])

    assert caught.value.todo == "name one of them, or all: heads"
    assert choose(script, read_chain(script), names=["heads"])


def test_chain_order_is_not_file_order(ini: Path, write: Callable[..., Path]) -> None:
    """From the base to the head, each behind what it follows; a file that sorts first may be last."""
    write("19990101_000000_late.py", revision="late", down="c" * 12)

    found = read_chain(load_history(alembic_config(AlembicProject(file=ini))))

    assert [one.revision_id for one in found] == ["a" * 12, "b" * 12, "c" * 12, "late"]
    assert [one.needs for one in found] == [(), ("a" * 12,), ("b" * 12,), ("c" * 12,)]
    assert found[-1].path.name == "19990101_000000_late.py"


def test_an_empty_history_is_no_chain(ini: Path) -> None:
    """Nothing is there to be walked."""
    for path in (ini.parent / "alembic" / "versions").glob("*.py"):
        path.unlink()

    assert read_chain(load_history(alembic_config(AlembicProject(file=ini)))) == ()


def test_a_history_that_lies_nowhere_is_an_error(tmp_path: Path) -> None:
    """Alembic's own words, as one clear error."""
    (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")

    with pytest.raises(HistoryError, match="script_location"):
        load_history(alembic_config(AlembicProject(file=tmp_path / "alembic.ini")))
