"""`alembic-proof lint` finds merged revisions that were edited or deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .repository import Repository

Run = Callable[..., tuple[int, str, str]]

_CLEAN = "lint: no findings\n"
_UPGRADE = "ADD COLUMN email text"
_EMAIL = "versions/20260106_090000_email.py"
_EDITED = "revision 2b is merged into origin/main and was edited since"
_NOTE = "note: edited-after-merge\n  not checked whether merged revisions were edited: "


@pytest.mark.parametrize("is_committed", [False, True])
def test_an_edit_is_found_at_its_line(begun: Repository, run: Run, *, is_committed: bool) -> None:
    """Whether it is committed or not: a database that has the revision never gets it."""
    begun.edit("2b", _UPGRADE, f"{_UPGRADE} NOT NULL")
    if is_committed:
        begun.commit()

    code, out, _ = run("lint")

    never = "a database that has it applied never gets the edit"
    assert code == 1
    assert (
        out
        == f"{_EMAIL}:18: error: edited-after-merge\n  {_EDITED}: upgrade(); {never}\nlint: 1 error\n"
    )


def test_a_parent_is_more_than_layout(begun: Repository, run: Run) -> None:
    """A revision that was put behind another one is another history."""
    begun.edit("2b", '= "1a"', "= None")

    assert (
        ":14: error: edited-after-merge\n  revision 2b is merged into origin/main and was edited since: down_rev"
        in (run("lint")[1])
    )


@pytest.mark.parametrize(
    "edits",
    [
        {
            "Users have an email.": "Users may have an email.",
            "from alembic": "# A comment.\nfrom alembic",
            ': Union[str, None] = "1a"  # noqa: UP007': ": str = '1a'",
            "from typing import Union\n\n": "",
            "def downgrade": 'lossy = "downgrade: the emails"\n\n\ndef downgrade',
        },
        {
            "from typing import Union\n\nfrom": "from collections import abc\nfrom",
            'revision: str = "2b"': 'revision = "2b"\nbranch_labels = ("people",)',
            "def upgrade() -> None:": 'def upgrade():\n    """Add it."""\n    pass',
            'text")': 'text"\n        ""\n    )',
        },
    ],
)
def test_words_and_layout_may_change(begun: Repository, run: Run, edits: dict[str, str]) -> None:
    """Comments, docstrings, annotations, imports that nothing uses, declarations."""
    for old, new in edits.items():
        begun.edit("2b", old, new)

    assert run("lint")[:2] == (0, _CLEAN)


def test_a_file_may_get_another_name(begun: Repository, run: Run) -> None:
    """It is the same revision."""
    begun.path("2b").rename(begun.versions / "20260107_090000_addresses.py")

    assert run("lint")[:2] == (0, _CLEAN)


def test_new_revisions_and_those_of_the_branch_are_free(begun: Repository, run: Run) -> None:
    """Only what is merged is frozen."""
    text = begun.path("2b").read_text(encoding="utf-8").replace('"1a"', '"2b"')
    new = begun.versions / "20260107_090000_more.py"
    new.write_text(text.replace('str = "2b"', 'str = "3c"'), encoding="utf-8")
    begun.commit()
    begun.edit("3c", _UPGRADE, "ADD COLUMN phone text")

    assert run("lint")[:2] == (0, _CLEAN)


def test_a_deleted_revision_is_found(begun: Repository, run: Run) -> None:
    """Databases are at it, and nothing leads on from there."""
    begun.path("2b").unlink()

    code, out, _ = run("lint")

    assert code == 1
    assert out.startswith(
        f"{_EMAIL}: error: edited-after-merge\n  revision 2b is merged into origin/main and was del"
    )


def test_a_revision_that_replaces_deleted_ones_accepts_that(begun: Repository, run: Run) -> None:
    """A history may be squashed; the new revision says so."""
    begun.edit("1a", '"1a"', '"9z"')
    begun.edit(
        "9z", "from alembic", "# alembic-proof: ignore[edited-after-merge] why\nfrom alembic"
    )
    begun.path("9z").rename(begun.versions / "20260301_090000_squashed.py")
    begun.path("2b").unlink()

    assert run("lint")[:2] == (0, _CLEAN)

    begun.commit()
    begun.edit("9z", "edited-after-merge", "file-order")

    assert run("lint")[1].count("was deleted") == 2


def test_an_edit_is_accepted_with_a_reason_only(begun: Repository, run: Run) -> None:
    """A comment without one is a finding beside the edit, as is one of a rule that is not known."""
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.edit("2b", "revision: str", "# alembic-proof: ignore[edited-after-merge]\nrevision: str")

    assert run("lint")[1].count("error: ") == 2

    begun.edit("2b", "merge]", "merge] no release has it")

    assert run("lint")[:2] == (0, _CLEAN)

    begun.edit("2b", "after-merge", "after-release")
    code, out, _ = run("lint")

    assert code == 1
    assert f"{_EMAIL}:13: error: unusable-ignore\n  lint has no rule edited-after-release" in out


def test_what_happened_on_the_main_branch_since_is_not_blamed(begun: Repository, run: Run) -> None:
    """Compared is with the merge base: an edit that was merged there is no doing of this branch."""
    begun.git("switch", "--quiet", "main")
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.commit()
    begun.merge_into_main()
    begun.git("switch", "--quiet", "topic")

    assert run("lint")[:2] == (0, _CLEAN)


def test_on_the_main_branch_nothing_is_found(begun: Repository, run: Run) -> None:
    """What is merged is the base itself, as in a run of CI after the merge."""
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.commit()
    begun.merge_into_main()

    assert run("lint")[:2] == (0, _CLEAN)


def test_the_base_ref_may_be_named(begun: Repository, run: Run) -> None:
    """Any ref will do that git knows."""
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.commit()

    assert run("lint", "--base-ref", "HEAD")[0] == 0
    assert "is merged into main and was edited" in run("lint", "--base-ref", "main")[1]


def test_the_remote_says_which_branch_is_its_main_one(begun: Repository, run: Run) -> None:
    """Before main and master; the remote may have another name where it is the only one."""
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.commit()
    begun.merge_into_main("trunk")
    begun.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")

    assert run("lint")[:2] == (0, _CLEAN)

    begun.git("update-ref", "refs/remotes/upstream/master", "main")
    begun.git("remote", "rename", "origin", "there")
    begun.git("remote", "rename", "there", "upstream")
    begun.git("update-ref", "-d", "refs/remotes/upstream/main")
    begun.git("symbolic-ref", "--delete", "refs/remotes/upstream/HEAD")

    assert "is merged into upstream/master and was edited" in run("lint")[1]


def test_without_the_ref_one_note_says_so(begun: Repository, run: Run) -> None:
    """A checkout that has not fetched it is no reason to fail."""
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.git("update-ref", "-d", "refs/remotes/origin/main")

    code, out, _ = run("lint")
    why = "git does not know the main branch of the remote 'origin'"
    assert (code, out) == (0, f"{_NOTE}{why}\nlint: 1 note\n")

    code, out, _ = run("lint", "--base-ref", "origin/next")
    assert code == 0
    assert out.startswith(f"{_NOTE}no git ref 'origin/next'\n")


def test_a_shallow_clone_is_one_note(
    begun: Repository, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the branches part is missing there."""
    begun.git("switch", "--quiet", "main")
    begun.edit("1a", "name text", "label text")
    begun.commit()
    begun.git("switch", "--quiet", "topic")
    begun.edit("2b", _UPGRADE, "ADD COLUMN mail text")
    begun.commit()
    options = ("--depth=1", "--no-single-branch", "--branch=topic")
    begun.git("switch", "--quiet", "main")
    begun.git("clone", "--quiet", *options, begun.root.as_uri(), str(tmp_path / "shallow"))
    monkeypatch.chdir(tmp_path / "shallow")

    code, out, _ = run("lint")

    assert code == 0
    assert out.startswith(f"{_NOTE}git cannot list the changes: ")


def test_without_git_one_note_says_so(open_case: Callable[[str], Path], run: Run) -> None:
    """A history may be outside of a repository; other findings still count."""
    root = open_case("branches/begun")

    code, out, _ = run("lint")
    assert code == 0
    assert out.startswith(_NOTE)

    path = root / _EMAIL
    path.write_text(path.read_text(encoding="utf-8").partition("def down")[0], encoding="utf-8")
    assert run("lint")[0] == 1


def test_without_the_program_one_note_says_so(
    begun: Repository, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither is git installed everywhere."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert run("lint")[:2] == (
        0,
        f"{_NOTE}git is not installed\nlint: 1 note\n",
    )


def test_each_lint_rule_can_be_accepted_in_the_file(begun: Repository, run: Run) -> None:
    """Several in one comment as well; in other files the rule goes on finding."""
    text = begun.path("2b").read_text(encoding="utf-8").partition("def down")[0]
    for revision, comment in (
        ("3c", "empty-downgrade, file-order"),
        ("4d", "file-order, several-heads"),
    ):
        path = begun.versions / f"2025_{revision}.py"
        named = text.replace('"2b"', f'"{revision}"').replace('"1a"', '"2b"')
        path.write_text(f"# alembic-proof: ignore[{comment}] imported\n{named}", encoding="utf-8")

    code, out, _ = run("lint")

    assert code == 1
    assert out == (
        "versions/2025_4d.py: error: empty-downgrade\n  downgrade() is missing\nlint: 1 error\n"
    )
