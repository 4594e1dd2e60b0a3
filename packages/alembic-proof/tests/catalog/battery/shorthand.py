"""What can be done to every kind of object, as cases of one line."""

from __future__ import annotations

from .case import Case
from .zoo import READER, WRITER


def altered(
    key: str, attribute: str, says: str, change: str, *setup: str, since: int = 15, **more: bool
) -> Case:
    """Altered in place."""
    return Case(
        f"{key}: {attribute}",
        change,
        f"{key}, {attribute}: {says}",
        setup=setup,
        since=since,
        **more,
    )


def owned(key: str, command: str, *setup: str) -> Case:
    """Given to another owner."""
    return altered(
        key, "owner", f"postgres -> {WRITER}", f"ALTER {command} OWNER TO {WRITER}", *setup
    )


def told(key: str, command: str, *setup: str) -> Case:
    """Commented on."""
    return altered(key, "comment", "none -> so", f"COMMENT ON {command} IS 'so'", *setup)


def granted(key: str, command: str, privilege: str, *setup: str) -> Case:
    """Granted to somebody."""
    change = f"GRANT {privilege} ON {command} TO {READER}"
    return altered(key, f"grant to {READER}", f"none -> {privilege}", change, *setup)
