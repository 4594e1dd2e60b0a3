"""A finding: what is wrong with a database, or would stop an upgrade, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from alembic_deploy.errors import message_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong; an event where a command that runs reports it.

    >>> print(Finding(id="rls-off", what="it is off", where="table public.tags", todo="turn it on"))
    rls-off: it is off
      where: table public.tags
      help: turn it on
    """

    name: ClassVar[str] = "finding"
    id: str
    what: str
    where: str = ""
    todo: str = ""

    def __str__(self) -> str:
        return message_text(f"{self.id}: {self.what}", where=self.where, todo=self.todo)

    def lines(self) -> tuple[str, ...]:
        """Return what is found, where, and what to do."""
        return tuple(f"  {line}" for line in str(self).splitlines())
