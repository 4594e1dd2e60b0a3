"""The rule `reads-environment`."""

from __future__ import annotations

import pytest

from alembic_proof.lint.rules.reads_environment import RULE

from .found import lines


@pytest.mark.parametrize(
    "text",
    [
        "import os\nNAME = os.environ['NAME']",
        "import os\nNAME = os.getenv('NAME', '')",
        "from os import environ\nNAME = environ.get('NAME')",
        "from os import getenv as get\nNAME = get('NAME')",
        "import os as system\nNAME = system.environ.get('NAME')",
    ],
)
def test_every_way_to_read_it_is_found(text: str) -> None:
    """Each place is one finding."""
    assert lines(RULE, text) == [2]


@pytest.mark.parametrize(
    "text", ["import os\nos.path.join('a', 'b')", "environ = {}\nenviron['a']"]
)
def test_other_things_of_that_name_are_clean(text: str) -> None:
    """A name of the file itself is not the environment."""
    assert lines(RULE, text) == []
