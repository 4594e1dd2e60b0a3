"""Options, node ids and shared directory of a run of pytest: what is known without Alembic."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = "alembic-proof"
"""The first part of the node id of every proof."""

_NODE_IDS = pytest.StashKey[tuple[str, ...]]()
_SHARED = pytest.StashKey[tempfile.TemporaryDirectory[str]]()
_WORKER_INPUT = "alembic_proof_directory"


def add_options(parser: pytest.Parser) -> None:
    """Add the command-line options and the key of pytest's configuration."""
    group = parser.getgroup("alembic-proof", "proofs of a migration history (alembic-proof)")
    group.addoption(
        "--alembic-proof",
        action="store_true",
        help="add the round trip of every revision, one item per direction, and parity",
    )
    group.addoption(
        "--alembic-proof-config",
        metavar="FILE",
        help="the project's alembic.ini, or a pyproject.toml with [tool.alembic] (default: the ini "
        "option, else $ALEMBIC_CONFIG, else rootdir's)",
    )
    group.addoption(
        "--alembic-proof-name",
        default="alembic",
        metavar="SECTION",
        help="the section of alembic.ini, Alembic's --name (default: alembic)",
    )
    group.addoption(
        "--alembic-proof-x",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument for env.py, Alembic's -x; may be repeated",
    )
    group.addoption(
        "--alembic-proof-rows",
        type=_row_count,
        default=3,
        metavar="N",
        help="put N rows into each table that is new or changed (default: 3; 0: none)",
    )
    parser.addini(
        "alembic_proof_config",
        help="the project's alembic.ini or pyproject.toml, relative to rootdir",
        default="",
    )


def _row_count(text: str) -> int:
    from alembic_proof.config import row_count  # imported only if the option is given

    return row_count(text)


def take_node_ids(config: pytest.Config) -> None:
    """Remove the node ids of proofs from the arguments and keep them for `requested_node_ids`.

    In another directory than rootdir, pytest prints node ids with the relative path to rootdir. They
    are accepted in this form as well.
    """
    own = tuple(argument for argument in config.args if _is_own(config, argument))
    config.stash[_NODE_IDS] = tuple(ROOT + argument[len(_path_of(argument)) :] for argument in own)
    config.args[:] = [argument for argument in config.args if argument not in own]


def adds_items(config: pytest.Config) -> bool:
    """Return whether the run has proofs: not if only node ids of other tests were requested."""
    if not config.getoption("alembic_proof"):
        return False
    return bool(requested_node_ids(config)) or not any("::" in one for one in config.args)


def requested_node_ids(config: pytest.Config) -> tuple[str, ...]:
    """Return the node ids of proofs that were requested; empty for all."""
    return config.stash.get(_NODE_IDS, ())


def is_below(node_id: str, requested: str) -> bool:
    """Return whether the node is the requested one or one of its children."""
    return node_id == requested or node_id.startswith(f"{requested}::")


def _is_own(config: pytest.Config, argument: str) -> bool:
    """Return whether an argument is the node id of a proof.

    If a directory of that name exists, it is one only with `::` behind the name.
    """
    path = _path_of(argument)
    place = config.invocation_params.dir / path
    is_ours = path == ROOT or os.path.normpath(place) == str(config.rootpath / ROOT)
    return is_ours and (path != argument or not place.exists())


def _path_of(argument: str) -> str:
    return argument.partition("::")[0]


def share_directory(node: Any) -> None:
    """Give a worker of pytest-xdist the directory of shared results; the first call makes it."""
    config: pytest.Config = node.config
    if not config.getoption("alembic_proof"):
        return
    if _SHARED not in config.stash:
        config.stash[_SHARED] = tempfile.TemporaryDirectory(prefix="alembic-proof-")
    node.workerinput[_WORKER_INPUT] = config.stash[_SHARED].name


def shared_directory(config: pytest.Config) -> Path | None:
    """Return that directory; None without pytest-xdist, and for a worker on another machine."""
    given = getattr(config, "workerinput", {}).get(_WORKER_INPUT)
    return Path(given) if given and Path(given).is_dir() else None


def remove_shared_directory(config: pytest.Config) -> None:
    """Remove that directory, if this process made it."""
    directory = config.stash.get(_SHARED, None)
    if directory is not None:
        directory.cleanup()
