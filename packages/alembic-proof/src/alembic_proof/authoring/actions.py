"""The steps of a plan: each drops, alters, creates or renames one object, or changes rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alembic_proof.catalog import CatalogObject, Key

Verb = Literal["drop", "alter", "create", "rename", "fill", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of a plan.

    Creating a table includes its columns; creating any object includes what CREATE does not state:
    owner, comment, grants, switches. Dropping one includes everything that PostgreSQL drops with it.
    """

    verb: Verb
    record: CatalogObject
    """The object after the action; for a drop, before it. For rows, the column or the table."""
    old: CatalogObject | None = None
    """The object before an alteration or a renaming."""
    attributes: tuple[str, ...] = ()
    """The attributes that an alteration changes, in the order in which they are changed."""
    is_rebuilt: bool = False
    """Whether the object is dropped and created only because one that it depends on changes."""
    is_replaced: bool = False
    """Whether an alteration makes the type a second time and drops its old form."""
    types: tuple[Key, ...] = ()
    """The type that is replaced and those that are made of it, in the order of creation."""
    columns: tuple[Key, ...] = ()
    """The columns that are converted to a type that is replaced."""
    expression: str = ""
    """The new value of the column as SQL: for a fill, and for USING where its type is altered."""
    condition: str = ""
    """The rows that are filled or deleted, as SQL; empty for all rows."""
    is_autocommit: bool = False
    """Whether it runs outside of a transaction: an index CONCURRENTLY, a fill in batches, a new value of
    an enum that is committed at once."""
    batch_key: tuple[str, ...] = ()
    """The quoted columns of the primary key by which rows are filled in batches."""
    settings: tuple[str, ...] = ()
    """The settings, `name = value` each, that hold while rows are changed."""
    note: str = ""
    """What it locks, for a comment in the file; empty for what locks briefly."""
    statements: tuple[str, ...] = ()
    """The statements of a renaming."""

    @property
    def key(self) -> Key:
        """The key of the object."""
        return self.record.key

    def __str__(self) -> str:
        changed = f" ({', '.join(self.attributes)})" if self.attributes else ""
        if self.verb == "rename" and self.old is not None:
            return f"rename {self.old.key} to {self.record.identity}{changed}"
        return f"{self.verb} {self.key}{changed}"


Actions = tuple[Action, ...]
"""A plan: its steps in the order in which they run."""
