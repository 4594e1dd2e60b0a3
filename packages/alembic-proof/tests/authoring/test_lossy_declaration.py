"""The declaration of losses in a revision's file."""

from __future__ import annotations

import ast

from alembic_proof.authoring.losses import lossy_text
from alembic_proof.authoring.lossy_declaration import with_declaration_placed
from alembic_proof.history.revisions import parse_losses

HEAD = '''\
"""Change."""
from alembic import op

revision = "0002"
down_revision = "0001"
depends_on: str | None = None

'''


def placed(lossy: str) -> str:
    """Return what follows the head once the declaration is placed."""
    body = f"\ndef upgrade() -> None:\n    lossy = {lossy!r}\n    op.drop_table('tags')\n"
    text = with_declaration_placed(HEAD + body)
    assert text.startswith(HEAD.rstrip("\n"))
    return text[len(HEAD.rstrip("\n")) :]


def test_the_declaration_stands_behind_the_identifiers() -> None:
    """It is written by upgrade(), which every template has."""
    assert placed("tags: dropped") == (
        "\n\nlossy = \"tags: dropped\"\n\n\ndef upgrade() -> None:\n    op.drop_table('tags')\n"
    )


def test_a_long_declaration_has_a_line_for_each_loss() -> None:
    """What it says remains the same."""
    entries = (
        '"A b".c: converted to integer by a::integer',
        "tags: dropped",
        "users.nick: dropped",
    )
    lossy = lossy_text(entries, ["users.name: cut to character varying(20)"])

    text = placed(lossy)

    assert text.startswith(
        "\n\nlossy = (\n"
        "    '\"A b\".c: converted to integer by a::integer; '\n"
        '    "tags: dropped; "\n'
        '    "users.nick: dropped; "\n'
        '    "downgrade: users.name: cut to character varying(20)"\n'
        ")\n\n\ndef upgrade"
    )
    assert ast.literal_eval(text[text.index("(") : text.index(")\n") + 1]) == lossy
    assert [[name.text for name in loss.names] for loss in parse_losses(lossy)] == [
        ['"A b".c'],
        ["tags"],
        ["users.nick"],
        ["users.name"],
    ]


def test_a_file_without_a_declaration_stays() -> None:
    """So does one in which nothing tells where the declaration belongs."""
    for text in (HEAD, "def upgrade() -> None:\n    lossy = 'tags: dropped'\n"):
        assert with_declaration_placed(text) == text
