"""Setters of what every kind of object can have: owner, comment, grants."""

from __future__ import annotations

from alembic_proof.catalog.ddl.address import address, grant_target
from alembic_proof.catalog.ddl.alteration import Alteration
from alembic_proof.catalog.ddl.names import literal, own_name, quoted, role


def set_owner(at: Alteration) -> tuple[str, ...]:
    """Give the object to its new owner."""
    if at.after is None:
        return ()
    return (f"ALTER {address(at.record)} OWNER TO {quoted(at.after)}",)


def set_comment(at: Alteration) -> tuple[str, ...]:
    """Write the comment, or take it away."""
    text = "NULL" if at.after is None else literal(at.after)
    return (f"COMMENT ON {address(at.record)} IS {text}",)


def set_grant(at: Alteration) -> tuple[str, ...]:
    """Revoke what the grantee has too much and grant what is missing."""
    old, new = _privileges(at.before), _privileges(at.after)
    grantee = at.attribute.removeprefix("grant to ")
    if grantee == at.owner:  # became the owner: what it was granted has become the owner's
        return ()
    to = role(grantee, owner=at.owner)
    revoked = [word for word in old if word not in new]
    granted = [word for word in new if word not in old]
    return (
        *(_revoke(word, at=at, to=to) for word in _together(revoked)),
        *(_grant(word, at=at, to=to) for word in _together(granted)),
    )


def _privileges(text: str | None) -> list[str]:
    return [word.partition(" granted by ")[0] for word in (text or "").split(", ") if word]


def _together(words: list[str]) -> list[str]:
    """Plain privileges in one statement, those WITH GRANT OPTION in another."""
    plain = [word for word in words if "WITH GRANT OPTION" not in word]
    optional = [word.removesuffix(" WITH GRANT OPTION") for word in words if word not in plain]
    return [", ".join(plain)] * bool(plain) + [f"{', '.join(optional)}*"] * bool(optional)


def _grant(words: str, *, at: Alteration, to: str) -> str:
    option = " WITH GRANT OPTION" if words.endswith("*") else ""
    return f"GRANT {_on_columns(words, at=at)} {grant_target(at.record)} TO {to}{option}"


def _revoke(words: str, *, at: Alteration, to: str) -> str:
    return f"REVOKE {_on_columns(words, at=at)} {grant_target(at.record)} FROM {to}"


def _on_columns(words: str, *, at: Alteration) -> str:
    words = words.removesuffix("*")
    if at.record.kind != "column":
        return words
    return ", ".join(f"{word} ({own_name(at.record)})" for word in words.split(", "))
