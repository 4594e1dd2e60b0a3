"""The rules about env.py: `env-swallows-errors` and `env-unescaped-percent`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, Rule, lint, parse_revision
from alembic_proof.lint.rules import env_swallows_errors, env_unescaped_percent

_SWALLOWS, _PERCENT = env_swallows_errors.RULE, env_unescaped_percent.RULE


def _lines(rule: Rule, text: str) -> list[int]:
    history = ParsedHistory(files=(), env_py=parse_revision("env.py", text.encode()))
    found = lint(history, rules=(rule,))
    return [one.location.line for one in found if one.location]


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    context.run_migrations()\nexcept Exception:\n    pass",
        "try:\n    run()\nexcept:\n    if x: raise\ndef run():\n    context.run_migrations()",
        (
            "try:\n    asyncio.run(f())\nexcept E as e:\n    print(e)\n"
            "async def f():\n    await c.run_sync(g)\ndef g(c):\n    context.run_migrations()"
        ),
    ],
)
def test_a_handler_around_the_migrations_is_found(text: str) -> None:
    """Migrations in another function count, and so does a handler that re-raises only some errors."""
    assert _lines(_SWALLOWS, text) == [3]


def test_suppress_is_a_handler() -> None:
    """`suppress()` is a handler as well."""
    text = "with suppress(Exception):\n    context.run_migrations()"

    assert _lines(_SWALLOWS, text) == [1]


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import x\nexcept ImportError:\n    x = None\ncontext.run_migrations()",
        "try:\n    context.run_migrations()\nexcept Exception:\n    print(1)\n    raise",
        (
            "try:\n    context.run_migrations()\nexcept E:\n    if a:\n        raise A\n    else:\n"
            "        raise"
        ),
        "try:\n    context.run_migrations()\nexcept E:\n    sys.exit(1)",
        "try:\n    context.run_migrations()\nfinally:\n    engine.dispose()",
        "with engine.begin() as connection:\n    context.run_migrations()",
        (
            "try:\n    context.run_migrations()\nexcept Exception:"
            "  # alembic-proof: ignore[env-swallows-errors] the job retries\n    pass"
        ),
    ],
)
def test_what_lets_the_error_pass_is_clean(text: str) -> None:
    """A handler of other errors is clean, and one that a comment accepts."""
    assert _lines(_SWALLOWS, text) == []


@pytest.mark.parametrize(
    "text",
    [
        'config.set_main_option("sqlalchemy.url", url)',
        'context.config.set_main_option("shop.URL", str(settings.url))',
        'config.set_section_option(config.config_ini_section, "sqlalchemy.url", get_url())',
    ],
)
def test_a_url_with_its_percent_signs_is_found(text: str) -> None:
    """The origin of the value does not matter."""
    assert _lines(_PERCENT, text) == [1]


@pytest.mark.parametrize(
    "text",
    [
        'config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))',
        "url = str(engine.url).replace('%', '%%')\nconfig.set_main_option('sqlalchemy.url', url)",
        'config.set_main_option("sqlalchemy.url", "postgresql://localhost/shop")',
        'config.set_main_option("script_location", place)',
        "create_engine(url)",
    ],
)
def test_an_escaped_url_and_other_options_are_clean(text: str) -> None:
    """A literal without the sign is clean as well."""
    assert _lines(_PERCENT, text) == []
