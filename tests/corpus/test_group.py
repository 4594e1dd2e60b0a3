"""What an explained.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.errors import CorpusError
from corpus.group import Verdict, read_groups

_GROUP = '[[group]]\nverdict = "defect"\nwhy = "because"\nrules = ["not-restored"]\n'


def test_groups_are_read_in_their_order(tmp_path: Path) -> None:
    """The order decides which group takes a finding."""
    file = tmp_path / "explained.toml"
    file.write_text(_GROUP + _GROUP.replace("defect", "limitation") + 'says = ["*"]\n', "utf-8")

    groups = read_groups(file)

    assert [entry.verdict for entry in groups] == [Verdict.DEFECT, Verdict.LIMITATION]
    assert [entry.says for entry in groups] == [(), ("*",)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_GROUP.replace("defect", "excuse"), id="a verdict that there is not"),
        pytest.param(_GROUP.replace("rules", "rule"), id="a key that there is not"),
        pytest.param(_GROUP.replace('why = "because"\n', ""), id="no reason"),
    ],
)
def test_a_group_that_says_something_else_is_refused(text: str, tmp_path: Path) -> None:
    """A slip of the pen does not explain anything away."""
    file = tmp_path / "explained.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(CorpusError, match=r"explained\.toml"):
        read_groups(file)
