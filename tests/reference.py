"""Write the pages of docs/reference that list what the commands and their settings are."""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser, _HelpAction, _SubParsersAction
from collections.abc import Iterable, Iterator, Mapping

import alembic_deploy.cli
import boards.database.migrate
import local_postgres.cli
from alembic_deploy import settings as deploy_settings
from alembic_proof.cli.main import argument_parser as proof_parser
from alembic_proof.config import SETTINGS, TABLE, Setting
from local_postgres import settings as local_settings

COMMANDS_PAGE = "docs/reference/commands.md"
SETTINGS_PAGE = "docs/reference/settings.md"

_COMMANDS_HEAD = """\
# Commands

Generated from the code by `tests/test_reference.py`. The options of `alembic-proof` are accepted before
and after the name of a command.
"""

_SETTINGS_HEAD = """\
# Settings

Generated from the code by `tests/test_reference.py`. A key that is not listed here is an error.

Settings are read from the nearest pyproject.toml that has the table, at or above alembic.ini: see
[adopting](../howto/adopt.md). A relative path starts at the directory of that file.
"""


def settings_page() -> str:
    """Return docs/reference/settings.md."""
    return "\n".join([_SETTINGS_HEAD, *_deploy_table(), *_table(TABLE, SETTINGS), *_local_table()])


def _deploy_table() -> Iterable[str]:
    """Yield the section of the table that env.py's run_env() reads, beside alembic.ini."""
    yield f"## `{deploy_settings.TABLE}`\n"
    yield "`run_env()` reads it from the pyproject.toml beside alembic.ini.\n"
    yield "| key | meaning |\n|---|---|"
    yield from (f"| `{key}` | {meaning} |" for key, meaning in deploy_settings.SETTINGS.items())
    yield f"\n```toml\n{deploy_settings.EXAMPLE}```\n"


def _local_table() -> Iterable[str]:
    """Yield the section of the table that describes the local database."""
    yield f"## `{local_settings.TABLE}`\n"
    yield "Each value is a string. All keys are needed, unless the meaning says that one is optional.\n"
    yield "| key | meaning |\n|---|---|"
    yield from (f"| `{key}` | {meaning} |" for key, meaning in local_settings.SETTINGS.items())
    yield f"\n```toml\n{local_settings.EXAMPLE}```\n"


def _table(table: str, settings: Mapping[str, Setting]) -> Iterable[str]:
    """Yield the section of one table of pyproject.toml."""
    yield f"## `{table}`\n"
    for key, setting in settings.items():
        yield f"### `{key}`\n"
        yield f"{setting.meaning}\n"
        yield f"Type: {setting.type}. Default: {setting.default}.\n"
        yield f"```toml\n{table}\n{setting.example}\n```\n"


def commands_page() -> str:
    """Return docs/reference/commands.md."""
    parsers = (
        proof_parser(is_complete=True),
        boards.database.migrate.argument_parser(),
        alembic_deploy.cli.argument_parser(),
        local_postgres.cli.argument_parser(),
    )
    sections = [text for parser in parsers for text in _command(parser)]
    return "\n".join([_COMMANDS_HEAD, *sections])


def _command(
    parser: ArgumentParser, *, level: int = 2, shown: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Yield the section of a command, and those of its own commands.

    :param shown: The options that a section above has listed.
    """
    yield f"{'#' * level} `{parser.prog}`\n"
    for text in (parser.description, parser.epilog):
        if text:
            yield f"{_sentence(text)}\n"
    arguments = [one for one in parser._actions if not _is_left_out(one, shown)]
    if arguments:
        yield "| argument | meaning |\n|---|---|"
        yield from (f"| {_name(one)} | {_help(one, parser)} |" for one in arguments)
        yield ""
    shown |= {option for one in arguments for option in one.option_strings}
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for inner in dict.fromkeys(action.choices.values()):
                yield from _command(inner, level=level + 1, shown=shown)


def _is_left_out(action: Action, shown: frozenset[str]) -> bool:
    is_shown = bool(action.option_strings) and shown.issuperset(action.option_strings)
    return (
        is_shown or action.help == SUPPRESS or isinstance(action, _HelpAction | _SubParsersAction)
    )


def _name(action: Action) -> str:
    """Return the option or the argument as it is typed, such as `--rows N`."""
    value = "" if action.nargs == 0 else _value(action)
    if not action.option_strings:
        return f"`{value}`"
    return f"`{', '.join(action.option_strings)}{' ' if value else ''}{value}`"


def _value(action: Action) -> str:
    metavar = action.metavar or action.dest.upper()
    name = metavar if isinstance(metavar, str) else " ".join(metavar)
    if action.choices is not None and action.metavar is None:
        name = f"{{{','.join(map(str, action.choices))}}}"
    return {"*": f"[{name} ...]", "+": f"{name} ...", "?": f"[{name}]"}.get(str(action.nargs), name)


def _help(action: Action, parser: ArgumentParser) -> str:
    values = {key: value for key, value in vars(action).items() if value is not SUPPRESS}
    text = (action.help or "") % {**values, "prog": parser.prog}
    return " ".join(text.split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    """Return a text of one line that begins and ends like a sentence."""
    line = " ".join(text.split())
    return f"{line[0].upper()}{line[1:].removesuffix('.')}."
