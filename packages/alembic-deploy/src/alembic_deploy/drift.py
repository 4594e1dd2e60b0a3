"""Drift of the relations that an upgrade touches, as the command `alembic-proof drift` reports it.

Production does without alembic-proof; where it is installed, `upgrade --check-drift` calls its command.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.errors import ConfigError, DatabaseError
from alembic_deploy.session import PING_EVERY_S

_PROGRAM = "alembic-proof"
_URL_VARIABLE = "ALEMBIC_DEPLOY_DRIFT_URL"
_CLEAN_OR_FINDINGS = (0, 1)
_INDEXES = """\
SELECT pg_catalog.format('%I.%I', space.nspname, class.relname)
FROM pg_catalog.pg_index AS index
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
JOIN pg_catalog.pg_namespace AS space ON space.oid = class.relnamespace
WHERE index.indrelid = ANY (CAST(:oids AS oid[]))"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the database and its history."""

    message: str
    """The kind and the qualified name of the object, a colon, and what differs."""

    def is_of(self, names: Iterable[str]) -> bool:
        """Return whether it is of one of the relations, or of a part of one.

        >>> Difference("column public.tags.odd: only in the live database").is_of(["public.tags"])
        True
        >>> Difference("table public.tags_old: only in the live database").is_of(["public.tags"])
        False
        """
        return any(f" {name}{end}" in self.message for name in names for end in (".", ":", ","))


def read_differences(
    url: str, *, ini: Path, while_waiting: Callable[[], None]
) -> tuple[Difference, ...]:
    """Return how the database differs from its history at the database's revision.

    The history is built on a scratch server, as the settings of alembic-proof say: it takes seconds.

    :param url: Of the live database, which is only read; given to the command in a variable.
    :param while_waiting: Called again and again until it has ended; what it raises ends the command.
    :raises ConfigError: alembic-proof is not installed.
    :raises DatabaseError: It could not compare them; has its message.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program = shutil.which(_PROGRAM, path=path)
    if program is None:
        raise ConfigError(
            f"--check-drift needs {_PROGRAM}, which is not installed here",
            todo=f"run it where {_PROGRAM} is installed: {_PROGRAM} drift --url-env NAME",
        )
    with subprocess.Popen(
        [program, "drift", "--config", str(ini), "--url-env", _URL_VARIABLE, "--format", "json"],
        env={**os.environ, _URL_VARIABLE: url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        output, errors = _read_output(process, while_waiting)
    if process.returncode not in _CLEAN_OR_FINDINGS:
        raise DatabaseError(
            f"the database could not be compared with its history\n{errors.strip()}",
            todo=f"see what `{_PROGRAM} drift` needs, or leave --check-drift out",
        )
    findings = json.loads(output)["findings"]
    return tuple(Difference(one["message"]) for one in findings if one["severity"] == "error")


def _read_output(
    process: subprocess.Popen[str], while_waiting: Callable[[], None]
) -> tuple[str, str]:
    """Return what the process has printed when it has ended."""
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.communicate(timeout=PING_EVERY_S)
            while_waiting()
    except BaseException:
        process.terminate()
        raise


def index_names(connection: Connection, oids: Iterable[int]) -> tuple[str, ...]:
    """Return the qualified names of the indexes of these relations, in the open transaction."""
    return tuple(connection.execute(text(_INDEXES), {"oids": list(oids)}).scalars())
