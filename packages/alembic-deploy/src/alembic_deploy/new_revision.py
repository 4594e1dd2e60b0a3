"""New revision files: UTC timestamps in chain order, safe names, nothing overwritten."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError, status, template_to_file

from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.failures import clearer_error
from alembic_deploy.revision_source import mark_unfinished
from alembic_deploy.revisions import load_revisions, version_directories

LONGEST_MESSAGE = 200
LONGEST_SLUG = 40

_TODO = 'say what changes: -m "add user preferences"'
_FALLBACK_SLUG = "revision"
_STAMP = re.compile(r"(\d{8}_\d{6})_.*\.py")
_STAMP_FORMAT = "%Y%m%d_%H%M%S"
# alembic_version.version_num is a varchar(32).
_REVISION_ID = re.compile(r"[A-Za-z0-9_]{1,32}")


class SafeRevisionFiles:
    """The way in which a script directory makes a revision file, instead of Alembic's own.

    :param compared_heads: The heads that autogenerate has compared with; None where it has not.
    :param is_blank: Whether the new upgrade() raises until its author has written it.
    :param rebase_command: As in `failures.join_heads`.
    """

    def __init__(
        self,
        script: ScriptDirectory,
        *,
        compared_heads: Iterable[str] | None = None,
        is_blank: bool = False,
        rebase_command: str = "",
    ) -> None:
        self._script = script
        self._is_blank = is_blank
        self._rebase_command = rebase_command
        self._compared_heads = None if compared_heads is None else frozenset(compared_heads)
        self._generate = script.generate_revision
        self._name = script._rev_path
        self._made: list[Path] = []

    def install(self) -> None:
        """Replace the methods of this one ScriptDirectory that make files."""
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

        :raises CommandError: Whatever goes wrong, in one clear message.
        """
        with _as_command_errors(self._rebase_command), directory_lock(self._ensure_directory()):
            line = clean_message(message)
            # Another process may have added a revision since this one began.
            load_revisions(self._script)
            self._refuse_stale_comparison()
            self._refuse_revision_id(revid)
            try:
                made = self._generate(revid, line, *args, **options)
            except BaseException:
                for path in self._made:
                    path.unlink(missing_ok=True)
                raise
            if self._compared_heads is not None:  # a change may need several revisions
                self._compared_heads = frozenset(self._script.get_heads())
            return made

    def create_date(self) -> datetime:
        """Return now, or a second after the latest file's timestamp if that is later."""
        directories = version_directories(self._script)
        names = (path.name for directory in directories for path in directory.glob("*.py"))
        return next_stamp(names, now=datetime.now(UTC))

    def rev_path(
        self, directory: str | Path, revid: str, message: str | None, created: datetime
    ) -> Path:
        """Return the path of a file that does not exist yet.

        :raises HistoryError: It exists.
        """
        longest = min(LONGEST_SLUG, self._script.truncate_slug_length)
        slug = slug_of(message or "", longest=longest)
        path = Path(self._name(directory, revid, slug, created))
        if path.exists():
            raise HistoryError(
                "there is such a revision file already",
                where=str(path),
                todo="give the new revision another message",
            )
        self._made.append(path)
        return path

    def write(self, template: str | Path, path: str | Path, **values: Any) -> None:
        """Write a temporary file and rename it.

        A process that loads the directory at the same time finds a complete file, or none.
        """
        target = Path(path)
        part = target.with_name(f".{target.name}.new")
        with status(f"Generating {target.absolute()}", **self._script.messaging_opts):
            try:
                template_to_file(template, part, self._script.output_encoding, **values)
                if self._is_blank:
                    mark_unfinished(part)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)

    def _ensure_directory(self) -> Path:
        """Create and return the first directory of revisions; it is locked for all of them."""
        first = version_directories(self._script)[0]
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


def clean_message(message: str | None) -> str:
    """Return a revision's message as one line that cannot end a docstring.

    White space is folded, control and format characters are removed, a double quote becomes a
    single one and a backslash a slash.

    :raises HistoryError: No message, no letter or digit in it, or more than 200 characters.
    """
    if message is None or not message.strip():
        raise HistoryError("a revision needs a message", todo=_TODO)
    printable = "".join(" " if c.isspace() else c for c in message if _is_harmless(c))
    line = " ".join(printable.split()).replace('"', "'").replace("\\", "/")
    if not any(character.isalnum() for character in line):
        raise HistoryError("the message has no letter and no digit", todo=_TODO)
    if len(line) > LONGEST_MESSAGE:
        raise HistoryError(
            f"the message has {len(line)} characters, {LONGEST_MESSAGE} are allowed",
            todo="shorten it, and write the rest into the revision's docstring",
        )
    return line


def slug_of(message: str, *, longest: int = LONGEST_SLUG) -> str:
    """Return the end of a file's name: lower-case ASCII words joined by _, as many as fit.

    `revision` where no word is ASCII.
    """
    ascii_text = unicodedata.normalize("NFKD", message.casefold()).encode("ascii", "ignore")
    words: list[str] = re.findall("[a-z0-9]+", ascii_text.decode().lower())
    if not words:
        return _FALLBACK_SLUG
    slug = words[0][:longest]
    for word in words[1:]:
        if len(slug) + 1 + len(word) > longest:
            break
        slug = f"{slug}_{word}"
    return slug


def next_stamp(names: Iterable[str], *, now: datetime) -> datetime:
    """Return the whole second `now`, or a second after the latest timestamp of the names."""
    whole = now.replace(microsecond=0)
    return max([whole, *(stamp + timedelta(seconds=1) for stamp in _stamps(names))])


@contextmanager
def directory_lock(directory: Path) -> Iterator[None]:
    """Let one process at a time run this block for the directory.

    Locks: flock on the directory; none on Windows.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_harmless(character: str) -> bool:
    """Return whether it is white space, or neither a control, format nor surrogate character.

    A format character may change the direction of text.
    """
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def _stamps(names: Iterable[str]) -> Iterator[datetime]:
    """Yield the timestamps of the names that begin with a valid date and time."""
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
def _as_command_errors(rebase_command: str) -> Iterator[None]:
    """Raise errors as CommandError: Alembic makes the file after env.py has ended."""
    try:
        yield
    except DeployError as error:
        raise CommandError(str(error)) from error
    except CommandError as error:
        raise clearer_error(error, rebase_command=rebase_command) from error.__cause__
    except OSError as error:
        raise CommandError(f"the revision file cannot be written: {error}") from error
