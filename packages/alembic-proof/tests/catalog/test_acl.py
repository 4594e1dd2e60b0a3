"""Access control lists as PostgreSQL writes them."""

from __future__ import annotations

import pytest

from alembic_proof.catalog.acl import grants


def grants_of(
    *items: str, kind: str = "table", owner: str = "me", major: int = 18
) -> dict[str, str]:
    """Return the entries of the list."""
    return grants(items, owner=owner, kind=kind, major=major)


def test_the_owner_is_named_owner() -> None:
    """A new owner with the same privileges is no change of privileges."""
    assert grants_of("me=r/me", owner="me") == grants_of("you=r/you", owner="you")
    assert grants_of("me=r/me") == {"grant to (owner)": "SELECT"}


@pytest.mark.parametrize(("letters", "major"), [("arwdDxt", 15), ("arwdDxtm", 17)])
def test_every_privilege_is_all(letters: str, major: int) -> None:
    """ALL means the same on every major version."""
    assert grants_of(f"x={letters}/me", major=major) == {"grant to x": "ALL"}


def test_less_than_every_privilege_is_listed() -> None:
    """The negative control: on PostgreSQL 17 a table without MAINTAIN is not ALL."""
    assert "MAINTAIN" not in grants_of("x=arwdDxt/me", major=17)["grant to x"]
    assert grants_of("x=arwdDxt/me", major=17)["grant to x"].startswith("DELETE, INSERT, ")


def test_grant_option_and_grantor_are_kept() -> None:
    """A star is WITH GRANT OPTION; a grantor who is not the owner is named."""
    assert grants_of("x=ar*/you") == {
        "grant to x": "INSERT granted by you, SELECT WITH GRANT OPTION granted by you"
    }


def test_grants_of_several_grantors_come_together() -> None:
    """A grantee appears once, with the grants of all grantors."""
    assert grants_of("x=r/me", "x=a/me") == {"grant to x": "INSERT, SELECT"}


def test_names_that_need_quotes_are_read() -> None:
    """Quoted names are unquoted; a role with the name PUBLIC differs from everybody."""
    assert grants_of('"odd ""name"""=r/me') == {'grant to odd "name"': "SELECT"}
    assert grants_of("=r/me") == {"grant to PUBLIC": "SELECT"}
    assert grants_of('"PUBLIC"=r/me') == {'grant to "PUBLIC"': "SELECT"}


def test_the_order_of_items_does_not_matter() -> None:
    """Two lists of the same items give the same grants."""
    assert grants_of("a=r/me", "b=w/me") == grants_of("b=w/me", "a=r/me")


def test_a_text_that_is_not_an_aclitem_is_refused() -> None:
    """A text of another shape is an error, not a grant."""
    with pytest.raises(ValueError, match="not an aclitem"):
        grants_of("nonsense")
