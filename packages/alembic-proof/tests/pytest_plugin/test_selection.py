"""Which proofs run: none without the option, and only those that were asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .run import Run, Runner

NO_SERVER = "postgresql://nobody@127.0.0.1:1/nowhere"
SECOND = ["0002_stamp::upgrade", "0002_stamp::downgrade", "0002_stamp::second-upgrade"]
PLAIN_TEST = """
import sys

PLUGIN = "alembic_proof.pytest_plugin"


def test_plain():
    found = {name for name in sys.modules if name.startswith(("alembic", "local_", "sqlalchemy"))}
    assert found <= {"alembic_proof", PLUGIN, f"{PLUGIN}.options"}
"""


@pytest.fixture
def root(open_case: Callable[[str], Path]) -> Path:
    """Return a project with a clean history, and a test of its own that needs no plugin."""
    root = open_case("roundtrip/history/clean")
    (root / "tests").mkdir()
    (root / "tests" / "test_own.py").write_text(PLAIN_TEST, encoding="utf-8")
    return root


@pytest.mark.parametrize("arguments", [(), ("-p", "no:alembic_proof")])
def test_without_the_option_there_is_nothing(
    root: Path, run_process: Callable[..., Run], arguments: tuple[str, ...]
) -> None:
    """No item; Alembic is not imported, and of the plugin only what has its options."""
    done = run_process(root, *arguments)

    assert done.code == 0, done.output
    assert done.outcomes == {"tests.test_own::test_plain": "passed"}


def test_the_option_is_unknown_without_the_plugin(root: Path, run: Runner) -> None:
    """`-p no:alembic_proof` takes it away as a whole."""
    done = run(root, "-p", "no:alembic_proof", "--alembic-proof")

    assert done.code == 4
    assert "unrecognized arguments: --alembic-proof" in done.output


def test_collecting_needs_no_server(root: Path, run: Runner) -> None:
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
    root: Path, run: Runner, arguments: tuple[str, ...], chosen: list[str]
) -> None:
    """Node ids, -k and --deselect work; the node id of another test selects no proof."""
    (root / "tests" / "test_own.py").write_text("def test_plain(): pass\n", encoding="utf-8")

    done = run(root, "--alembic-proof", *arguments)

    assert done.code == 0, done.output
    assert sorted(done.outcomes) == sorted(chosen)


def test_only_the_chosen_revisions_are_proved(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """Another revision is applied once if the chosen ones need it, and never undone."""
    root = open_case("roundtrip/history/clean")
    first = root / "versions" / "0001_users.py"
    source = first.read_text(encoding="utf-8")
    witness = "def downgrade() -> None:\n    open('went_down', 'w').close()\n"
    first.write_text(source.replace("def downgrade() -> None:\n", witness), encoding="utf-8")

    assert run(root, "--alembic-proof", "-k", "0002").code == 0
    assert not (root / "went_down").exists()
    assert run(root, "--alembic-proof", "-k", "0001").code == 0
    assert (root / "went_down").exists()


def test_an_unknown_node_id_is_an_error(root: Path, run: Runner) -> None:
    """A mistyped id does not pass as an empty proof."""
    done = run(root, "--alembic-proof", "alembic-proof::0009_nothing")

    assert done.code not in (0, 5)
    assert "not found: alembic-proof::0009_nothing" in done.output


@pytest.mark.parametrize(
    ("called", "way"), [("tests", ".."), ("..", "a shop"), ("tests/../../elsewhere", "../a shop")]
)
def test_node_ids_are_those_that_pytest_prints(
    root: Path, run: Runner, called: str, way: str
) -> None:
    """In another directory than rootdir they begin with the path to it."""
    root = root.rename(root.with_name("a shop"))
    (root.parent / "elsewhere").mkdir()
    name = f"{way}/alembic-proof::0002_stamp::downgrade"
    config = (f"--rootdir={way}", f"--alembic-proof-config={way}/alembic.ini")

    done = run((root / called).resolve(), "--alembic-proof", "-v", *config, name)

    assert f"{name} PASSED" in done.output
    assert done.outcomes == {"0002_stamp::downgrade": "passed"}


def test_a_path_of_that_name_elsewhere_is_no_proof(root: Path, run: Runner) -> None:
    """A path of that name means the proofs only below rootdir."""
    done = run(root, "--alembic-proof", "tests/alembic-proof::0002_stamp::downgrade")

    assert done.code == 4
    assert "tests/alembic-proof::0002_stamp::downgrade" in done.output
