"""Which proofs run: none without the option, and only those that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .run import Run

NO_SERVER = "postgresql://nobody@127.0.0.1:1/nowhere"
SECOND = ["0002_stamp::upgrade", "0002_stamp::downgrade", "0002_stamp::second-upgrade"]
PLAIN_TEST = "import sys\n\ndef test_plain():\n    assert 'alembic' not in sys.modules\n"


@pytest.fixture
def root(open_case: Callable[[str], Path]) -> Path:
    """A clean history beside a test of the project's own, which has no plugin to thank for."""
    root = open_case("roundtrip/clean")
    (root / "tests").mkdir()
    (root / "tests" / "test_own.py").write_text(PLAIN_TEST, encoding="utf-8")
    return root


@pytest.mark.parametrize("arguments", [(), ("-p", "no:alembic_proof")])
def test_without_the_option_there_is_nothing(
    root: Path, run: Callable[..., Run], arguments: tuple[str, ...]
) -> None:
    """No item, and not even Alembic is imported."""
    done = run(root, *arguments)

    assert done.code == 0, done.output
    assert done.outcomes == {"tests.test_own::test_plain": "passed"}


def test_the_option_is_unknown_without_the_plugin(root: Path, run: Callable[..., Run]) -> None:
    """`-p no:alembic_proof` takes it away as a whole."""
    done = run(root, "-p", "no:alembic_proof", "--alembic-proof")

    assert done.code == 4
    assert "unrecognized arguments: --alembic-proof" in done.output


def test_collecting_needs_no_server(root: Path, run: Callable[..., Run]) -> None:
    """`--collect-only` lists the items and starts or asks no server."""
    done = run(root, "--alembic-proof", "--collect-only", "-q", CASE_SCRATCH_URL=NO_SERVER)

    assert done.code == 0, done.output
    assert done.output.splitlines()[:9] == [
        "tests/test_own.py::test_plain",
        "alembic-proof::0001_users::upgrade",
        "alembic-proof::0001_users::downgrade",
        "alembic-proof::0001_users::second-upgrade",
        "alembic-proof::0002_stamp::upgrade",
        "alembic-proof::0002_stamp::downgrade",
        "alembic-proof::0002_stamp::second-upgrade",
        "alembic-proof::history",
        "alembic-proof::parity",
    ]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (("alembic-proof::0002_stamp::downgrade",), SECOND[1:2]),
        (("tests", "alembic-proof::0002_stamp"), ["tests.test_own::test_plain", *SECOND]),
        (("tests/test_own.py::test_plain",), ["tests.test_own::test_plain"]),
        (("-k", "0002 and downgrade"), SECOND[1:2]),
        (
            ("--deselect", "alembic-proof::0001_users", "--deselect", "alembic-proof::parity"),
            ["tests.test_own::test_plain", *SECOND, "history"],
        ),
    ],
)
def test_items_are_chosen_as_any_others(
    root: Path, run: Callable[..., Run], arguments: tuple[str, ...], chosen: list[str]
) -> None:
    """By node id, by -k and by --deselect; asking for another test's node id asks for no proof."""
    (root / "tests" / "test_own.py").write_text("def test_plain(): pass\n", encoding="utf-8")

    done = run(root, "--alembic-proof", *arguments)

    assert done.code == 0, done.output
    assert sorted(done.outcomes) == sorted(chosen)


def test_only_the_chosen_revisions_are_proved(
    open_case: Callable[[str], Path], run: Callable[..., Run]
) -> None:
    """A revision that is not chosen goes up once and never down, as the others need it."""
    root = open_case("roundtrip/clean")
    first = root / "versions" / "0001_users.py"
    source = first.read_text(encoding="utf-8")
    witness = "def downgrade() -> None:\n    open('went_down', 'w').close()\n"
    first.write_text(source.replace("def downgrade() -> None:\n", witness), encoding="utf-8")

    assert run(root, "--alembic-proof", "-k", "0002").code == 0
    assert not (root / "went_down").exists()
    assert run(root, "--alembic-proof", "-k", "0001").code == 0
    assert (root / "went_down").exists()


def test_a_node_id_that_nobody_has_is_an_error(root: Path, run: Callable[..., Run]) -> None:
    """A mistake is not a proof of nothing."""
    done = run(root, "--alembic-proof", "alembic-proof::0009_nothing")

    assert done.code not in (0, 5)
    assert "not found: alembic-proof::0009_nothing" in done.output


@pytest.mark.parametrize(
    ("called", "way"), [("tests", ".."), ("..", "a shop"), ("tests/../../elsewhere", "../a shop")]
)
def test_node_ids_are_those_that_pytest_prints(
    root: Path, run: Callable[..., Run], called: str, way: str
) -> None:
    """From another directory than rootdir they begin with the way to it: so can they be given."""
    root = root.rename(root.with_name("a shop"))
    (root.parent / "elsewhere").mkdir()
    name = f"{way}/alembic-proof::0002_stamp::downgrade"
    config = (f"--rootdir={way}", f"--alembic-proof-config={way}/alembic.ini")

    done = run((root / called).resolve(), "--alembic-proof", "-v", *config, name)

    assert f"{name} PASSED" in done.output
    assert done.outcomes == {"0002_stamp::downgrade": "passed"}


def test_another_directory_of_that_name_is_none_of_ours(
    root: Path, run: Callable[..., Run]
) -> None:
    """Where rootdir is, and nowhere else, a path of that name stands for the proofs."""
    done = run(root, "--alembic-proof", "tests/alembic-proof::0002_stamp::downgrade")

    assert done.code == 4
    assert "tests/alembic-proof::0002_stamp::downgrade" in done.output
