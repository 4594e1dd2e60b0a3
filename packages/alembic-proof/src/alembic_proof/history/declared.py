"""What a project's settings say of single revisions, whose files are merged and stay as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from alembic_proof.config import Declaration
from alembic_proof.errors import ConfigError
from alembic_proof.history.chain import ChainRevision


def with_exceptions(
    chain: tuple[ChainRevision, ...], exceptions: Iterable[Declaration], *, settings: Path
) -> tuple[ChainRevision, ...]:
    """The chain, in which each exception of the settings counts as if its revision declared it.

    Raises:
        ConfigError: there is no such revision, or it declares the same itself.
    """
    declared = tuple(exceptions)
    refuse_unknown(chain, (one.revision for one in declared), key="exceptions", settings=settings)
    by_id = {revision.revision_id: revision for revision in chain}
    for one in declared:
        by_id[one.revision] = _declare(by_id[one.revision], one)
    return tuple(by_id.values())


def refuse_unknown(
    chain: Collection[ChainRevision], names: Iterable[str], *, key: str, settings: Path
) -> None:
    """Ensures that the settings speak of revisions that there are, by their whole ids.

    Raises:
        ConfigError: there is no such revision.
    """
    known = {revision.revision_id for revision in chain}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{key} in [tool.alembic-proof] names {name}, which no revision has as its id",
                where=str(settings),
                todo="correct the id, or take the entry out; `alembic history` lists the revisions",
            )


def _declare(revision: ChainRevision, declaration: Declaration) -> ChainRevision:
    own = {"lossy": revision.lossy, "irreversible": revision.irreversible}[declaration.kind]
    if own:
        raise ConfigError(
            f"exceptions in [tool.alembic-proof] repeats that {revision.revision_id} is "
            f"{declaration.kind}",
            where=str(revision.path),
            todo="take the entry out: the revision's file says it",
        )
    match declaration.kind:
        case "lossy":
            return replace(revision, lossy=declaration.reason)
        case "irreversible":
            return replace(revision, irreversible=declaration.reason)
