"""Which of the arguments are node ids of proofs, and whether this run has any proofs."""

from __future__ import annotations

import os

import pytest

ROOT = "alembic-proof"
"""What the node ids of all proofs begin with."""

_OWN = pytest.StashKey[tuple[str, ...]]()


def take_own_arguments(config: pytest.Config) -> None:
    """Ensures that no node id of a proof is left among the arguments, which pytest looks up as files.

    From another directory than rootdir they begin with the way to it, as pytest prints them there.
    """
    own = tuple(argument for argument in config.args if _is_own(config, argument))
    config.stash[_OWN] = tuple(ROOT + argument[len(_path_of(argument)) :] for argument in own)
    config.args[:] = [argument for argument in config.args if argument not in own]


def adds_items(config: pytest.Config) -> bool:
    """Whether proofs are asked for: not where only the node ids of other tests are."""
    if not config.getoption("alembic_proof"):
        return False
    return bool(own_arguments(config)) or not any("::" in argument for argument in config.args)


def own_arguments(config: pytest.Config) -> tuple[str, ...]:
    """The node ids of proofs that were asked for; empty for all."""
    return config.stash.get(_OWN, ())


def is_below(node_id: str, asked: str) -> bool:
    """Whether the id is the one that was asked for, or one of its children."""
    return node_id == asked or node_id.startswith(f"{asked}::")


def _is_own(config: pytest.Config, argument: str) -> bool:
    """A directory may bear our name; then it is ours only with `::` behind it."""
    path = _path_of(argument)
    place = config.invocation_params.dir / path
    is_ours = path == ROOT or os.path.normpath(place) == str(config.rootpath / ROOT)
    return is_ours and (path != argument or not place.exists())


def _path_of(argument: str) -> str:
    """What stands before a node id's names."""
    return argument.partition("::")[0]
