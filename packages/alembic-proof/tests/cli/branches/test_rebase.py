"""`alembic-proof rebase` puts the revisions of a branch behind those that were merged meanwhile."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from alembic_deploy.connect import run_on
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.file_moves import InterruptedMoves, undo_interrupted
from alembic_proof.history.project import Project
from alembic_proof.history.rebase import undo_interrupted_rebase

from .repository import Repository

Run = Callable[..., tuple[int, str, str]]

_CASES = Path(__file__).parents[2] / "cases"
_THEIRS = "20260201_090000"


def _parents(repository: Repository) -> dict[str, object]:
    script = ScriptDirectory.from_config(
        alembic_config(Project(file=repository.root / "alembic.ini"))
    )
    return {one.revision: one.down_revision for one in script.walk_revisions()}


def _let_env_set_the_path(repository: Repository, revision: str) -> None:
    """Let a revision import a module from a directory that only env.py knows."""
    env = repository.root / "env.py"
    (repository.root / "lib").mkdir()
    (repository.root / "lib" / "rebase_words.py").write_text("ONE = 1\n", encoding="utf-8")
    line = 'import sys\nsys.path.insert(0, __file__.replace("env.py", "lib"))\n'
    env.write_text(line + env.read_text(encoding="utf-8"), encoding="utf-8")
    repository.edit(revision, "from alembic", "from rebase_words import ONE\n\nfrom alembic")
    repository.commit()


def test_the_local_revisions_follow_the_merged_ones(parted: Repository, run: Run) -> None:
    """Their files get later stamps; only the first one's parent changes, in code and docstring.

    What they import may be found only once env.py has set sys.path.
    """
    _let_env_set_the_path(parted, "4d")
    before = parted.files()
    (parted.root / "notes.txt").write_text("not a revision, and of no interest", encoding="utf-8")

    code, out, _ = run("rebase")

    assert code == 0, out
    assert out.startswith(f"2 revisions moved after 5e (versions/{_THEIRS}_view_5e.py):\n")
    assert out.endswith("round trip: no findings\n")
    assert _parents(parted) == {"1a": None, "2b": "1a", "5e": "2b", "3c": "5e", "4d": "3c"}
    after = parted.files()
    *old, theirs, third, fourth = after
    assert [*old, theirs] == [name for name in before if "3c" not in name and "4d" not in name]
    assert theirs < third.replace("_view_3c", "") < fourth.replace("_view_4d", "")
    assert (third[15:], fourth[15:]) == ("_view_3c.py", "_view_4d.py")
    changed = before["20260107_090000_view_3c.py"]
    changed = changed.replace("Revises: 2b", "Revises: 5e").replace('= "2b"', '= "5e"')
    assert after[third] == changed
    assert after[fourth] == before["20260107_100000_view_4d.py"]
    assert run("lint")[:2] == (0, "lint: no findings\n")

    parted.commit("rebased")

    assert run("rebase")[:2] == (0, "nothing to rebase: the history has one head, 4d\n")


def test_an_id_in_a_tuple_is_read(parted: Repository, run: Run) -> None:
    """`revision, down_revision = "4d", "3c"` is a revision like any other."""
    for one, parent in (("3c", "2b"), ("4d", "3c")):
        old = f'revision = "{one}"\ndown_revision = "{parent}"'
        parted.edit(one, old, f'revision, down_revision = "{one}", "{parent}"')
    parted.commit()

    assert run("rebase", "--no-proof")[0] == 0

    assert _parents(parted) == {"1a": None, "2b": "1a", "5e": "2b", "3c": "5e", "4d": "3c"}


def test_findings_of_the_proof_are_reported_and_the_rebase_is_kept(
    parted: Repository, run: Run
) -> None:
    """Both branches may have made the same thing; that is for their people to solve."""
    parted.edit("5e", "view_5e", "view_4d")
    parted.commit()

    code, out, _ = run("rebase")

    assert code == 1
    assert 'its upgrade fails\n  PostgreSQL: relation "view_4d" already exists' in out
    assert _parents(parted)["3c"] == "5e"


def test_a_proof_that_cannot_run_is_reported_after_the_rebase(
    parted: Repository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are in their new order; what is left to do is said."""
    monkeypatch.setenv("CASE_SCRATCH_URL", "postgresql://nobody@127.0.0.1:1/none")

    code, _, err = run("rebase")

    assert code == 2
    assert "the revisions are rebased but not proved; run: alembic-proof roundtrip 3c 4d\n" in err
    assert _parents(parted)["3c"] == "5e"


@pytest.mark.parametrize(
    ("at", "needed"),
    [
        ("4d", ["downgrade 5e", "stamp 2b", "upgrade head"]),
        ("4d 5e", ["stamp --purge 4d"]),
        ("3c 5e", ["stamp --purge 3c", "upgrade head"]),
        ("3c 6f", ["stamp --purge 3c", "downgrade 5e", "stamp 6f", "upgrade head"]),
        ("5e", []),
    ],
)
def test_the_printed_commands_migrate_a_database_to_the_new_order(
    parted: Repository,
    run: Run,
    scratch_url: str,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    needed: list[str],
) -> None:
    """The one that the variable names is looked at; an upgrade alone would pass over 5e in silence."""
    if "6f" in at:
        _put_below_theirs(parted, "6f")
    _let_url_env(parted, monkeypatch, scratch_url)
    config = alembic_config(Project(file=parted.root / "alembic.ini"), url=scratch_url)
    for revision in at.split():
        command.upgrade(config, revision)

    out = run("rebase", "--no-proof")[1]

    assert re.findall("^  alembic (.*)$", out, re.MULTILINE) == needed
    assert ("has not applied 3c or 4d: upgrade it as usual" in out) == (not needed)
    for line in needed or ["upgrade head"]:
        name, *arguments = line.split()
        match name:
            case "stamp":
                command.stamp(config, arguments[-1], purge=len(arguments) > 1)
            case "downgrade":
                command.downgrade(config, arguments[0])
            case _:
                command.upgrade(config, arguments[0])
    views = "SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY viewname"
    found = run_on(scratch_url, lambda c: c.exec_driver_sql(views).scalars().all())
    assert found == [f"view_{one}" for one in ("3c", "4d", "5e", "6f") if one != "6f" or one in at]
    version = "SELECT version_num FROM alembic_version"
    assert run_on(scratch_url, lambda c: c.exec_driver_sql(version).scalar_one()) == "4d"


def test_the_version_table_is_the_one_that_env_configures(
    parted: Repository, run: Run, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have another name than Alembic's own."""
    shutil.copy(
        _CASES / "roundtrip" / "history" / "version_table_elsewhere" / "env.py", parted.root
    )
    _let_url_env(parted, monkeypatch, scratch_url)
    config = alembic_config(Project(file=parted.root / "alembic.ini"), url=scratch_url)
    command.upgrade(config, "4d")

    out = run("rebase", "--no-proof")[1]

    assert " is at the old order: " in out


def test_a_database_that_cannot_be_read_is_no_error(
    parted: Repository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are rebased; a line says why the database was not looked at."""
    _let_url_env(parted, monkeypatch, "postgresql://nobody@127.0.0.1:1/none")

    code, out, err = run("rebase", "--no-proof")

    assert (code, "A database that has 3c and 4d applied, and not 5e, needs:" in out) == (0, True)
    assert "your database was not looked at: " in err


def _let_url_env(parted: Repository, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let `url_env` name the variable that has the URL."""
    settings = parted.root / "pyproject.toml"
    with settings.open("a", encoding="utf-8") as file:
        file.write('[tool.alembic-deploy]\nurl_env = "CASE_URL"\n')
    parted.commit()
    monkeypatch.setenv("CASE_URL", url)


def _put_below_theirs(repository: Repository, revision: str) -> None:
    """Let the main branch have two revisions, of which the database has the first."""
    repository.git("switch", "--quiet", "main")
    repository.add(revision, after="2b", stamp="20260115_090000")
    repository.edit("5e", '= "2b"', f'= "{revision}"')
    repository.commit()
    repository.merge_into_main()
    repository.git("switch", "--quiet", "topic")
    repository.git("merge", "--quiet", "--message", "both", "main")


def test_without_a_database_the_commands_for_one_are_printed(parted: Repository, run: Run) -> None:
    """Databases that have the revisions in the old order need them."""
    out = run("rebase", "--no-proof")[1]

    assert (
        "A database that has 3c and 4d applied, and not 5e, needs:\n  alembic downgrade 5e\n" in out
    )
    assert "One that has both applied needs:\n  alembic stamp --purge 4d\n" in out


def test_the_directory_of_the_commands_is_named(
    parted: Repository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alembic finds its configuration in the current directory only."""
    monkeypatch.chdir(parted.root.parent)

    out = run("--config", str(parted.root / "alembic.ini"), "rebase", "--no-proof")[1]

    assert f"not 5e, needs, typed in {parted.root.name}:\n  alembic downgrade 5e\n" in out


def _edit_tracked(repository: Repository) -> None:
    (repository.root / "models.py").write_text("x = 1\n", encoding="utf-8")


def _add_untracked(repository: Repository) -> None:
    repository.add("6f", after="4d", stamp="20260301_090000")


def _add_another_branch(repository: Repository) -> None:
    repository.add("6f", after="2b", stamp="20260301_090000")
    repository.commit()


def _part_inside(repository: Repository) -> None:
    text = 'branch_labels = ("extra",)\n'
    repository.add("6f", after="3c", stamp="20260301_090000", lines=text)
    repository.commit()


def _merge_ours_too(repository: Repository) -> None:
    repository.merge_into_main()


def _merge_locally(repository: Repository) -> None:
    repository.edit("4d", '= "3c"', '= ("3c", "2b")')
    repository.commit()


def _compute_the_id(repository: Repository) -> None:
    repository.edit("4d", 'revision = "4d"', 'revision = "4" + "d"')
    repository.commit()


def _compute_the_parent(repository: Repository) -> None:
    repository.edit("3c", '= "2b"', '= "2" + "b"')
    repository.commit()


def _forget_the_remote(repository: Repository) -> None:
    repository.git("update-ref", "-d", "refs/remotes/origin/main")


def _give_main_two_heads(repository: Repository) -> None:
    repository.git("switch", "--quiet", "main")
    repository.add("6f", after="2b", stamp="20260301_090000")
    repository.commit()
    repository.merge_into_main()
    repository.git("switch", "--quiet", "topic")
    repository.git("merge", "--quiet", "--message", "both", "main")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_edit_tracked, "the git tree is dirty: models.py; nothing was changed\n"),
        (_add_untracked, "the git tree is dirty: versions/20260301_090000_view_6f.py; nothing"),
        (_add_another_branch, "there is more than one local branch of revisions: 4d (versions/"),
        (_part_inside, "there is more than one local branch of revisions: 6f (versions/"),
        (_merge_ours_too, "no head is local: origin/main has 4d (versions/"),
        (_merge_locally, "4d (versions/20260107_100000_view_4d.py) is a merge revision, "),
        (_compute_the_parent, "down_revision is not a string literal at module level"),
        (_compute_the_id, "revision is not a string literal at module level"),
        (_forget_the_remote, "git does not know the main branch of the remote 'origin'\n"),
        (_give_main_two_heads, "origin/main itself has several heads: 5e (versions/"),
    ],
)
def test_a_refused_rebase_changes_nothing(
    parted: Repository, run: Run, prepare: Callable[[Repository], None], said: str
) -> None:
    """With exit code 2 and what to do."""
    prepare(parted)
    before = parted.files()

    code, out, err = run("rebase")

    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert "\n  help: " in err
    assert parted.files() == before


def test_without_git_it_is_refused(open_case: Callable[[str], Path], run: Run) -> None:
    """Nobody could say which revisions are local."""
    repository = Repository(open_case("branches/begun"))
    repository.add("3c", after="2b", stamp="20260107_090000")
    repository.add("4d", after="2b", stamp="20260107_100000")
    before = repository.files()

    code, out, err = run("rebase")

    assert (code, out) == (2, "")
    assert "not a git repository" in err
    assert repository.files() == before


def test_heads_that_are_meant_are_left_alone(parted: Repository, run: Run) -> None:
    """A branch with a label is intended, so it is not rebased."""
    parted.edit("5e", '= "2b"', '= "2b"\nbranch_labels = ("extra",)')

    assert run("rebase")[:2] == (
        0,
        "nothing to rebase: the heads 4d, 5e are separate branches\n",
    )


def test_revisions_missing_in_the_checkout_are_listed(parted: Repository, run: Run) -> None:
    """The checkout has one head until the main branch is merged."""
    parted.git("reset", "--quiet", "--hard", "HEAD^1")

    code, out, _ = run("rebase")

    assert code == 0
    assert out.startswith("nothing to rebase: the history has one head, 4d\n")
    assert "origin/main has 1 revision that this checkout does not have: 5e; merge it or" in out


def test_the_base_ref_says_which_revisions_are_local(parted: Repository, run: Run) -> None:
    """A developer on the main branch can put the others' revisions behind the own ones."""
    parted.git("branch", "ours", "HEAD^1")

    assert run("rebase", "--no-proof", "--base-ref", "ours")[0] == 0
    assert _parents(parted)["5e"] == "4d"


def test_two_first_revisions_can_be_put_in_a_row(begun: Repository, run: Run) -> None:
    """A local history without a parent gets one."""
    begun.add("0a", after=None, stamp="20260101_090000")
    begun.commit()

    code, out, _ = run("rebase")

    assert (code, _parents(begun)["0a"]) == (0, "2b")
    assert "  alembic stamp base\n" in out
    assert "Revises: 2b\n" in begun.path("0a").read_text(encoding="utf-8")


def test_names_without_a_date_stay(parted: Repository, run: Run) -> None:
    """Alembic's own template has none."""
    ini = parted.root / "alembic.ini"
    lines = ini.read_text(encoding="utf-8").splitlines(keepends=True)
    ini.write_text("".join(one for one in lines if "file_template" not in one), encoding="utf-8")
    parted.commit()
    before = list(parted.files())

    assert run("rebase", "--no-proof")[0] == 0
    assert list(parted.files()) == before
    assert _parents(parted)["3c"] == "5e"


def test_after_an_error_nothing_is_changed(
    parted: Repository, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may be full in the middle: what was done is taken back."""
    before = parted.files()
    rename = Path.rename

    def fails_once(path: Path, target: Path) -> Path:
        if path.name.endswith("_view_4d.py"):
            raise OSError(28, "No space left on device", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails_once)
    code, out, err = run("rebase")

    assert (code, out) == (2, "")
    assert err.startswith("the revisions cannot be rewritten: No space left on device\n")
    assert parted.files() == before
    assert parted.git("status", "--porcelain") == ""


_KILLED = """
import os, sys
from pathlib import Path
replace = Path.replace
def dies(path, target):
    if str(target).endswith("_view_3c.py"):
        os._exit(9)
    return replace(path, target)
Path.replace = dies
from alembic_proof.cli import main
sys.exit(main(["rebase", "--no-proof"]))
"""


def test_files_of_a_killed_rebase_are_restored_by_the_next(
    parted: Repository, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each revision exists once and complete. Files that were committed meanwhile are not restored."""
    done = subprocess.run([sys.executable, "-c", _KILLED], check=False, capture_output=True)
    assert done.returncode == 9
    assert "20260107_090000_view_3c.py" not in parted.files()
    assert len(_parents(parted)) == 5
    shutil.copytree(parted.root, tmp_path / "killed")

    code, out, err = run("rebase", "--no-proof")

    assert code == 0
    assert "restored after an interrupted rebase: versions/20260107_090000" in err
    assert "  versions/20260107_090000_view_3c.py -> versions/" in out
    assert not [name for name in parted.files() if name.startswith(".")]
    assert _parents(parted)["3c"] == "5e"

    shutil.rmtree(parted.root)
    shutil.copytree(tmp_path / "killed", parted.root)
    monkeypatch.chdir(parted.root)
    for part in parted.versions.glob(".*.new"):
        part.unlink()
    parted.commit("as it is")

    code, _, err = run("rebase", "--no-proof")

    assert code == 0
    assert re.findall("an interrupted rebase wrote versions/.*_view_(..).py, and", err) == [
        "3c",
        "4d",
    ]
    assert _parents(parted)["3c"] == "5e"


def test_a_rebase_that_runs_is_not_taken_for_an_interrupted_one(
    parted: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its journal is read by the next one only when the lock on the revisions is free."""
    locked: list[bool] = []

    def note_lock(journal: Path, *, commit: str) -> InterruptedMoves:
        descriptor = os.open(parted.versions, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            locked.append(True)
        finally:
            os.close(descriptor)
        return undo_interrupted(journal, commit=commit)

    monkeypatch.setattr("alembic_proof.history.rebase.undo_interrupted", note_lock)
    config = alembic_config(Project(file=parted.root / "alembic.ini"))

    undo_interrupted_rebase(ScriptDirectory.from_config(config))

    assert locked == [True]
