"""A tenant's id is checked to be a UUID before SQL contains it."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from boards.database import MalformedTenantError, parse_tenant_id

TENANT = UUID("0b7a1a52-9f6e-4f0e-8a3e-6f4f2f4c9d11")


@pytest.mark.parametrize("value", [TENANT, str(TENANT), str(TENANT).upper(), TENANT.hex])
def test_every_spelling(value: UUID | str) -> None:
    """An UUID and each spelling of it are the same tenant, rendered in one way."""
    assert str(parse_tenant_id(value)) == "0b7a1a52-9f6e-4f0e-8a3e-6f4f2f4c9d11"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nobody",
        f"{TENANT}'; RESET ROLE; --",
        f"{TENANT} ",
        str(TENANT)[:-1],
        "0" * 200,
        "14892f3492094d52_24802c72eebd991",
        f"0x{TENANT.hex[:30]}",
        "\uff10" * 32,
        f"{{{TENANT}}}",
    ],
)
def test_malformed(value: str) -> None:
    """Any other text is refused, with at most its beginning in the message."""
    with pytest.raises(MalformedTenantError, match="is not a tenant's id") as caught:
        parse_tenant_id(value)

    assert len(caught.value.what) < 120


@pytest.mark.parametrize("value", [None, 7, b"x" * 16, object()])
def test_another_type(value: object) -> None:
    """Nothing but an UUID and text is ever taken for a tenant."""
    with pytest.raises(MalformedTenantError):
        parse_tenant_id(value)  # type: ignore[arg-type]


def test_a_subclass_cannot_lie() -> None:
    """An UUID whose text is overridden is rendered from its number."""

    class Liar(UUID):
        def __str__(self) -> str:
            return "'; RESET ROLE; --"

    honest = uuid4()

    assert str(parse_tenant_id(Liar(int=honest.int))) == str(honest)
