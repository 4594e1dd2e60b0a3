"""New revision files: UTC stamps in chain order, safe names, nothing ever overwritten."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError, status, template_to_file

from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.alembic_error import clearer_error
from alembic_proof.history.directory_lock import directory_lock
from alembic_proof.history.load import load_revisions, version_directories
from alembic_proof.history.revision_message import LONGEST_SLUG, clean_message, slug_of
from alembic_proof.history.unfinished import BLANK, mark_unfinished

_STAMP = re.compile(r"(\d{8}_\d{6})_.*\.py")
_STAMP_FORMAT = "%Y%m%d_%H%M%S"
# alembic_version.version_num is a varchar(32).
_REVISION_ID = re.compile(r"[A-Za-z0-9_]{1,32}")


class SafeRevisionFiles:
    """What a script directory does instead of its own when it makes a revision file.

    `compared_heads` are the heads that autogenerate has compared with; None where nothing was.
    With `is_blank` its upgrade() refuses until the author has filled it.
    """

    def __init__(
        self,
        script: ScriptDirectory,
        *,
        compared_heads: Iterable[str] | None = None,
        is_blank: bool = False,
    ) -> None:
        self._script = script
        self._is_blank = is_blank
        self._compared_heads = None if compared_heads is None else frozenset(compared_heads)
        self._generate = script.generate_revision
        self._name = script._rev_path
        self._made: list[Path] = []

    def pin(self) -> None:
        """Ensures that this instance of the directory makes its files here."""
        for name, replacement in (
            ("generate_revision", self.generate_revision),
            ("_rev_path", self.rev_path),
            ("_generate_create_date", self.create_date),
            ("_generate_template", self.write),
        ):
            setattr(self._script, name, replacement)

    def generate_revision(
        self, revid: str, message: str | None, *args: Any, **options: Any
    ) -> Script | None:
        """Make the file while no other process makes one; leave none behind after an error.

        Raises:
            CommandError: whatever goes wrong, in one clear message.
        """
        with _as_command_errors(), directory_lock(self._ensure_directory()):
            line = clean_message(message)
            # Another process may have added a revision since this one began.
            load_revisions(self._script)
            self._refuse_stale_comparison()
            self._refuse_revision_id(revid)
            try:
                return self._generate(revid, line, *args, **options)
            except BaseException:
                for path in self._made:
                    path.unlink(missing_ok=True)
                raise

    def create_date(self) -> datetime:
        """Now, or a second after the last file's stamp where that is later."""
        names = (path.name for place in self._places() for path in place.glob("*.py"))
        return next_stamp(names, now=datetime.now(UTC))

    def rev_path(
        self, directory: str | Path, revid: str, message: str | None, created: datetime
    ) -> Path:
        """The path of a file that does not exist yet.

        Raises:
            HistoryError: it exists.
        """
        longest = min(LONGEST_SLUG, self._script.truncate_slug_length)
        slug = slug_of(message or "", longest=longest)
        path = Path(self._name(directory, revid, slug, created))
        if path.exists():
            raise HistoryError("there is such a revision file already", where=str(path))
        self._made.append(path)
        return path

    def write(self, template: str | Path, path: str | Path, **values: Any) -> None:
        """Write the file beside its place and move it there.

        Another process that loads the directory meanwhile meets a whole file, or none.
        """
        place = Path(path)
        part = place.with_name(f".{place.name}.new")
        with status(f"Generating {place.absolute()}", **self._script.messaging_opts):
            try:
                template_to_file(template, part, self._script.output_encoding, **values)
                if self._is_blank:
                    mark_unfinished(part, BLANK)
                part.replace(place)
            finally:
                part.unlink(missing_ok=True)

    def _places(self) -> tuple[Path, ...]:
        return version_directories(self._script)

    def _ensure_directory(self) -> Path:
        """The first directory of revisions; the lock on it stands for all of them."""
        first = self._places()[0]
        first.mkdir(parents=True, exist_ok=True)
        return first

    def _refuse_stale_comparison(self) -> None:
        now = self._script.get_heads()
        if self._compared_heads is not None and self._compared_heads != frozenset(now):
            raise HistoryError(
                f"another revision was added meanwhile: the history is at {', '.join(now)}",
                todo="upgrade the database and run the command again",
            )

    def _refuse_revision_id(self, revid: str) -> None:
        if not _REVISION_ID.fullmatch(revid):
            raise HistoryError(
                "the revision id is not 1 to 32 letters, digits or _", todo="leave --rev-id out"
            )
        if any(script.revision == revid for script in self._script.walk_revisions()):
            raise HistoryError(f"there is a revision {revid} already", todo="leave --rev-id out")


def next_stamp(names: Iterable[str], *, now: datetime) -> datetime:
    """The whole second `now`, but later than the stamp of every name."""
    whole = now.replace(microsecond=0)
    return max([whole, *(stamp + timedelta(seconds=1) for stamp in _stamps(names))])


def _stamps(names: Iterable[str]) -> Iterator[datetime]:
    """The stamps of those names that begin with a date and a time that exist."""
    for name in names:
        match = _STAMP.fullmatch(name)
        if match is None:
            continue
        try:
            stamp = datetime.strptime(match[1], _STAMP_FORMAT)
        except ValueError:
            continue
        yield stamp.replace(tzinfo=UTC)


@contextmanager
def _as_command_errors() -> Iterator[None]:
    """Alembic calls this after env.py has ended, so no one else turns errors into its own."""
    try:
        yield
    except ProofError as error:
        raise CommandError(str(error)) from error
    except CommandError as error:
        raise clearer_error(error) from error.__cause__
    except OSError as error:
        raise CommandError(f"the revision file cannot be written: {error}") from error
