"""An entry of the findings table, and the files of its examples."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import indent

from alembic_proof.finding import Severity


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of an example: a revision, env.py, settings, or the command that is typed."""

    name: str
    text: str
    merged: str = ""
    """The file as the base ref has it, for an example about a change of a merged file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The meaning of one finding id.

    The examples are documentation and test fixture: `bad` must give the finding, `good` none.
    """

    id: str
    title: str
    severity: Severity = Severity.ERROR
    """The usual severity; `what_happens` says when it is another one."""
    what_happens: str
    what_to_do: str
    bad: tuple[SourceFile, ...]
    good: tuple[SourceFile, ...]
    source: str = ""
    """The address of the manual's section that explains the cause."""


def revision(
    upgrade: str, downgrade: str, *, declares: str = "", imports: str = "", number: int = 2
) -> SourceFile:
    """Return the file of a revision that follows the one that creates the table `notes`.

    :param upgrade: SQL statements, one a line; a line of Python begins with `>`.
    :param downgrade: the same.
    :param declares: lines below the revision's ids.
    """
    parts = [
        f"{imports}from alembic import op\n",
        f'revision = "000{number}"\ndown_revision = "000{number - 1}"\n',
        *([f"{declares}\n"] if declares else []),
    ]
    text = "\n".join(parts)
    for name, lines in (("upgrade", upgrade), ("downgrade", downgrade)):
        body = "\n".join(map(_code, lines.strip().splitlines()))
        text += f"\n\ndef {name}() -> None:\n{indent(body, '    ')}\n"
    return SourceFile(f"000{number}_example.py", text)


def shell(*commands: str) -> SourceFile:
    """Return the commands of an example, which are typed in the project's directory."""
    return SourceFile("shell", "\n".join(commands))


def settings(text: str) -> SourceFile:
    """Return a pyproject.toml with these settings of alembic-proof."""
    return SourceFile("pyproject.toml", f"[tool.alembic-proof]\n{text}\n")


def _code(line: str) -> str:
    return line[1:].removeprefix(" ") if line.startswith(">") else f'op.execute("{line}")'
