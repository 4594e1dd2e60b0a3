"""Build cases of one line: changes that all kinds of objects have."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, WRITER


def altered(
    key: str, attribute: str, message: str, change: str, *setup: str, since: int = 15
) -> Case:
    """Return the case of an altered attribute."""
    return Case(
        f"{key}: {attribute}",
        change,
        f"{key}, {attribute}: {message}",
        setup=setup,
        since=since,
    )


def owned(key: str, command: str, *setup: str) -> Case:
    """Return the case of a new owner."""
    return altered(
        key, "owner", f"postgres -> {WRITER}", f"ALTER {command} OWNER TO {WRITER}", *setup
    )


def commented(key: str, command: str, *setup: str) -> Case:
    """Return the case of a comment."""
    return altered(key, "comment", "none -> so", f"COMMENT ON {command} IS 'so'", *setup)


def granted(key: str, command: str, privilege: str, *setup: str) -> Case:
    """Return the case of a grant."""
    change = f"GRANT {privilege} ON {command} TO {READER}"
    return altered(key, f"grant to {READER}", f"none -> {privilege}", change, *setup)
