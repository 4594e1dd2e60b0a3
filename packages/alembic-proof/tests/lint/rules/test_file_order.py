"""The rule `file-order`."""

from __future__ import annotations

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.file_order import RULE


def _found(**names: str) -> list[str]:
    """Return the findings for a chain a, b, … in files with these names."""
    files = []
    for letter, name in names.items():
        parent = "None" if letter == "a" else repr(chr(ord(letter) - 1))
        source = f"revision = {letter!r}\ndown_revision = {parent}\n"
        files.append(parse_revision(f"versions/{name}", source.encode()))
    history = ParsedHistory(files=tuple(files))
    return [f"{finding.location}: {finding.message}" for finding in RULE.check(history)]


def test_names_that_sort_as_the_chain_does_are_clean() -> None:
    """Names in the order of the chain are clean."""
    assert _found(a="20250101_000000_z.py", b="20250101_000001_y.py") == []


def test_a_name_that_sorts_before_its_parent_s_is_found() -> None:
    """A rebased revision is listed before its parent."""
    found = _found(a="20250101_000001_z.py", b="20250101_000000_y.py")

    complaint = "the name sorts before that of its parent 20250101_000001_z.py"
    assert found == [f"versions/20250101_000000_y.py: {complaint}"]


def test_a_name_without_a_stamp_after_a_stamped_one_is_found() -> None:
    """A history with stamps keeps them."""
    found = _found(a="20250101_000001_z.py", b="b_y.py")

    complaint = "the name has no time stamp, and that of its parent 20250101_000001_z.py has one"
    assert found == [f"versions/b_y.py: {complaint}"]


def test_names_from_before_the_stamps_are_clean() -> None:
    """A history may begin to stamp its files at any revision."""
    assert _found(a="zz_first.py", b="aa_second.py", c="20250101_000000_third.py") == []


def test_a_parent_that_is_not_there_is_clean() -> None:
    """A missing revision is an error of Alembic's own."""
    assert _found(b="20250101_000000_y.py") == []
