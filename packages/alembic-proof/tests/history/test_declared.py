"""What settings say of single revisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.config import Declaration
from alembic_proof.errors import ConfigError
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.declared import refuse_unknown, with_exceptions

FIRST = ChainRevision(revision_id="0001", path=Path("a.py"), title="A", irreversible="no way")
SECOND = ChainRevision(revision_id="0002", path=Path("b.py"), title="B")
CHAIN = (FIRST, SECOND)
SETTINGS = Path("shop", "pyproject.toml")


def test_an_exception_counts_like_a_declaration() -> None:
    """Both kinds; the chain keeps its order, and revisions without one are as they were."""
    exceptions = (
        Declaration(revision="0002", kind="lossy", reason="ids go"),
        Declaration(revision="0002", kind="irreversible", reason="forever"),
    )

    first, second = with_exceptions(CHAIN, exceptions, settings=SETTINGS)

    assert first is FIRST
    assert (second.lossy, second.irreversible) == ("ids go", "forever")
    assert with_exceptions(CHAIN, (), settings=SETTINGS) == CHAIN


def test_an_unknown_revision_is_refused() -> None:
    """A whole id is needed: what a prefix means changes with the history."""
    with pytest.raises(ConfigError, match=r"exceptions in .* names 00, which no revision"):
        with_exceptions(
            CHAIN, [Declaration(revision="00", kind="lossy", reason="x")], settings=SETTINGS
        )
    with pytest.raises(ConfigError, match=r"skip in .* names 0003") as caught:
        refuse_unknown(CHAIN, ["0001", "0003"], key="skip", settings=SETTINGS)
    assert caught.value.where == str(SETTINGS)


def test_what_the_file_declares_is_not_said_twice() -> None:
    """One of them would stay behind when the other is taken out."""
    with pytest.raises(ConfigError, match="repeats that 0001 is irreversible"):
        with_exceptions(
            CHAIN,
            [Declaration(revision="0001", kind="irreversible", reason="x")],
            settings=SETTINGS,
        )
