"""The day of somebody who changes the schema, played by the documented commands in a checkout.

One revision after the other is written in one copy; at the end everything is green, and no test
was edited.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Index, Table, Text
from sqlalchemy.sql.schema import ColumnCollectionMixin

from boards.dbmodels import Base
from tests.checkout import ROOT, Checkout

MODELS = Path("packages/backend/src/boards/dbmodels")
VERSIONS = Path("packages/backend/alembic/versions")
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
PLACEHOLDER = re.compile(
    r'^    (pass|raise NotImplementedError\(\s*"unfinished: [^"]*"\s*\))\n', re.MULTILINE
)
WORD = re.compile(r"\w+")
ARGUMENTS = re.compile(r"^    __table_args__ = \(\n.*?^    \)\n", re.DOTALL | re.MULTILINE)
Edit = Callable[[str], str]


@dataclass(slots=True)
class Day:
    """A checkout whose models are changed, and what was played in it."""

    checkout: Checkout
    written: list[Path] = field(default_factory=list[Path])
    """The files of the new revisions, in order."""
    played: list[Callable[[Day], None]] = field(default_factory=list[Callable[["Day"], None]])

    def play(self, until: Callable[[Day], None] | None = None) -> None:
        """Make every change up to that one, or all of them, that was not made yet."""
        changes = CHANGES[: CHANGES.index(until) + 1] if until else CHANGES
        for change in changes[len(self.played) :]:
            change(self)
            self.played.append(change)

    def edit(self, file: str, *changes: Edit) -> None:
        """Change the file of the models; each edit has to."""
        path = self.checkout.root / MODELS / file
        text = path.read_text(encoding="utf-8")
        for change in changes:
            changed = change(text)
            assert changed != text, f"{file} is as before"
            text = changed
        path.write_text(text, encoding="utf-8")

    def write(self, message: str, *options: str) -> list[Path]:
        """Write the revisions of a change, which must be proved; return their files."""
        before = set(self.revisions())
        done = self.checkout.run("make", "revision", f"m={message}", *options)
        added = sorted(set(self.revisions()) - before)
        assert (done.returncode, bool(added)) == (0, True), done.stdout
        self.written += added
        return added

    def revisions(self) -> list[Path]:
        """Return the files of the history in their order."""
        return sorted((self.checkout.root / VERSIONS).glob("*.py"))


def below_arguments(column: str) -> Edit:
    """Add the column to the first class that has table arguments."""
    return lambda text: ARGUMENTS.sub(lambda found: f"{found[0]}\n    {column}\n", text, count=1)


def among_arguments(argument: str) -> Edit:
    """Add the constraint or index to the first class that has table arguments."""
    start = "    __table_args__ = (\n"
    return lambda text: text.replace(start, f"{start}        {argument},\n", 1)


def at_the_end(code: str) -> Edit:
    """Add the code below all that the file has."""
    return lambda text: f"{text}\n{code}"


def imported(module: str, *names: str) -> Edit:
    """Import the names; `make format` sorts them in."""
    line = f"from {module} import {', '.join(names)}\n"
    return lambda text: text.replace("import annotations\n", f"import annotations\n{line}", 1)


def with_column(table: str, column: str, change: Edit) -> Edit:
    """Change the statement that maps the column of the table."""

    def edit(text: str) -> str:
        lines = text.splitlines(keepends=True)
        (node,) = (
            part
            for one in ast.parse(text).body
            if isinstance(one, ast.ClassDef) and f'__tablename__ = "{table}"' in _source(one, lines)
            for part in one.body
            if isinstance(part, ast.AnnAssign) and ast.unparse(part.target) == column
        )
        statement = _source(node, lines)
        return text.replace(statement, change(statement))

    return edit


def _source(node: ast.stmt, lines: list[str]) -> str:
    return "".join(lines[node.lineno - 1 : node.end_lineno])


def fill_in(path: Path, *, upgrade: str, downgrade: str, declared: str = "") -> None:
    """Write both functions, and a declaration, by hand."""
    head, _, _ = _functions(path.read_text(encoding="utf-8"))
    path.write_text(_file(head + declared, upgrade, downgrade), encoding="utf-8")


def _functions(text: str) -> tuple[str, str, str]:
    """Return the text before upgrade(), and the bodies of both functions, without placeholders."""
    head, _, rest = text.partition("def upgrade() -> None:\n")
    upgrade, _, downgrade = rest.partition("def downgrade() -> None:\n")
    return head, _statements(upgrade), _statements(downgrade)


def _statements(body: str) -> str:
    return PLACEHOLDER.sub("", body).strip("\n") + "\n"


def _file(head: str, upgrade: str, downgrade: str) -> str:
    bodies = (upgrade.strip("\n") or "    pass", downgrade.strip("\n") or "    pass")
    return f"{head}def upgrade() -> None:\n{bodies[0]}\n\n\ndef downgrade() -> None:\n{bodies[1]}\n"


def add_columns(day: Day) -> None:
    """Add a nullable column before others of its table, and a NOT NULL one; restrict a policy."""
    nullable = 'played_locale: Mapped[str | None] = mapped_column(comment="A")'
    flag = 'is_played: Mapped[bool] = mapped_column(server_default=text("false"), comment="B")'
    policy = 'after_create(User, "ALTER POLICY users_isolation ON public.users TO boards_app")'
    day.edit(
        "users.py",
        *(below_arguments(nullable), below_arguments(flag), at_the_end(policy)),
        *(imported("sqlalchemy", "text"), imported("boards.dbmodels.ddl", "after_create")),
    )
    day.write("add locale and flag")


def add_constraints_and_table(day: Day) -> None:
    """Add a CHECK, which Alembic does not see, an index, and the table of docs/howto/change-the-schema.md."""
    check = 'length("played_locale", at_most=2000)'
    index = 'Index(None, "tenant_id", "played_locale")'
    day.edit(
        "users.py",
        *(among_arguments(check), imported("boards.dbmodels.base", "length")),
        *(among_arguments(index), imported("sqlalchemy", "Index")),
    )
    table, _, _ = documented()
    path = day.checkout.root / MODELS / "projects.py"
    assert not path.exists(), "the page's example is a table that there is"
    path.write_text(table, encoding="utf-8")
    day.edit(
        "__init__.py",
        imported("boards.dbmodels.projects", "Project"),
        lambda text: text.replace("__all__ = [", '__all__ = [\n    "Project",'),
    )
    day.write("add projects, bound and index the locale")


def add_view_and_function(day: Day) -> None:
    """Add the view, and the function with its trigger, of docs/howto/change-the-schema.md."""
    _, view, function = documented()
    names = ("add_view", "after_create", "after_drop")
    day.edit(
        "projects.py",
        *(at_the_end(view), at_the_end(function), imported("boards.dbmodels.ddl", *names)),
    )
    day.write("add running projects, trim titles of projects")


def rename_column(day: Day) -> None:
    """Rename an existing column; without the answer nothing is written."""
    found, column = peripheral_columns()[0]
    table, new = found.name, f"{column}_anew"
    rename = with_column(table, column, lambda statement: statement.replace(column, new, 1))
    day.edit(file_of(found), rename)
    option = f"rename={table}.{column}={new}"

    unanswered = day.checkout.run("make", "revision", "m=rename a column")

    assert unanswered.returncode == 2, unanswered.stdout
    assert f"--{option.replace('=', ' ', 1)}" in unanswered.stdout
    day.write("rename a column", option)


def drop_column(day: Day) -> None:
    """Drop an existing column with its values: the revision declares what is lost."""
    table, column = peripheral_columns()[1]
    day.edit(file_of(table), with_column(table.name, column, lambda _: ""))
    path = day.write("drop a column")[-1]
    assert f"{table.name}.{column}: dropped" in path.read_text(encoding="utf-8")


def change_data(day: Day) -> None:
    """Write a revision without a change of the schema by hand."""
    [path] = day.write("name missing locales", "empty=1")
    statement = "UPDATE public.users SET played_locale = {} WHERE played_locale {}"
    fill_in(
        path,
        upgrade=_backfill(statement.format("'und'", "IS NULL")),
        downgrade=_backfill(statement.format("NULL", "= 'und'")),
    )


def _backfill(statement: str) -> str:
    return f"""
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("{statement}")
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
"""


def peripheral_columns() -> list[tuple[Table, str]]:
    """Return nullable texts of which no constraint, no index and no test of the backend speaks."""
    tests = (ROOT / "packages" / "backend" / "tests").rglob("*.py")
    spoken_of = WORD.findall("".join(path.read_text(encoding="utf-8") for path in tests))
    found = [
        (table, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.nullable
        and isinstance(column.type, Text)
        and column.name not in {*spoken_of, *_bound_names(table)}
    ]
    assert len(found) > 1, "the day needs two columns that nothing depends on"
    return found


def _bound_names(table: Table) -> set[str]:
    """Return the words in the table's constraints and indexes, names of columns among them."""
    texts = [
        f"{part.columns.keys()} {getattr(part, 'sqltext', '')}"
        for part in (*table.indexes, *table.constraints)
        if isinstance(part, Index | ColumnCollectionMixin)
    ]
    texts += [str(part) for index in table.indexes for part in index.expressions]
    return set(WORD.findall(" ".join(texts)))


def file_of(table: Table) -> str:
    """Return the name of the file that has the table's class."""
    (model,) = (m.class_ for m in Base.registry.mappers if m.local_table is table)
    return Path(inspect.getfile(model)).name


CHANGES: tuple[Callable[[Day], None], ...] = (
    add_columns,
    add_constraints_and_table,
    add_view_and_function,
    rename_column,
    drop_column,
    change_data,
)


def documented() -> tuple[str, str, str]:
    """Return the table, the view and the function with its trigger of docs/howto/change-the-schema.md."""
    page = (ROOT / "docs" / "howto" / "change-the-schema.md").read_text(encoding="utf-8")
    _, _, adding = page.partition("\n## Add a table\n")
    table, view, function, *_ = PYTHON_BLOCK.findall(adding)
    return table, view, function


OUT_OF_REACH = (
    "test_settings.py",
    "test_sql.py",
    "test_wheel.py",
    "database/test_bootstrap.py",
    "database/test_chaos.py",
    "database/test_engine.py",
    "database/test_hidden_rows.py",
    "database/test_imports.py",
    "database/test_login.py",
    "database/test_pooled_migration.py",
    "database/test_roles.py",
    "database/test_tenant.py",
    "history/test_backfill.py",
    "history/test_joined_at.py",
    "history/test_lineage.py",
    "history/test_mutations.py",
    "history/test_offline.py",
    "history/test_planted.py",
    "history/test_roundtrip.py",
    "history/test_seed.py",
    "database/migrate/test_extension.py",
    "database/migrate/test_faults.py",
    "database/migrate/test_history_faults.py",
    "database/migrate/test_local.py",
    "database/migrate/test_process.py",
)
"""Tests of logins, plans, faults and pinned revisions, which no change of the models affects.

They would take most of the time.
"""
MIGRATE = ("alembic-proof", "--config", "packages/backend/alembic.ini")


@pytest.fixture(scope="module")
def day(own_checkout: Checkout) -> Day:
    """Provide a day that begins: nothing was changed yet."""
    return Day(own_checkout)


def test_incomplete_table_is_refused(day: Day) -> None:
    """A table without privileges is one message of `make revision`, and no file."""
    before = day.revisions()
    tags = day.checkout.root / MODELS / "tags.py"
    model = tags.read_text(encoding="utf-8")
    day.edit(
        "tags.py",
        lambda text: text.replace(
            "Timestamps, Base, app_privileges=READ_WRITE", "Timestamps, Base"
        ),
    )
    try:
        done = day.checkout.run("make", "revision", "m=nothing")
    finally:
        tags.write_text(model, encoding="utf-8")

    assert done.returncode == 2, done.stdout
    assert re.search(
        r"/tags\.py:\d+: class Tag has no privileges for the application: write app_privileges=",
        done.stdout,
    )
    assert "Traceback" not in done.stdout
    assert day.revisions() == before


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_change_becomes_a_revision(day: Day, change: Callable[[Day], None]) -> None:
    """The command writes all of it, and its proof finds nothing."""
    day.play(until=change)

    assert change in day.played


def test_revisions_pass_the_lint(day: Day) -> None:
    """After `make format` nothing is left to say of the models' and the revisions' style."""
    day.play()
    run = (".tools/bin/uv", "run", "--quiet")

    formatted = day.checkout.run("make", "format")
    styled = day.checkout.run(*run, "ruff", "check", ".")
    linted = day.checkout.run(*run, *MIGRATE, "lint")

    assert formatted.returncode == 0, formatted.stdout
    assert styled.returncode == 0, styled.stdout
    assert linted.returncode == 0, linted.stdout


def test_revisions_are_applied(day: Day) -> None:
    """`make migrate` goes through all of them."""
    day.play()

    done = day.checkout.run("make", "migrate")

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("  upgrade ") == len(day.revisions()), done.stdout


def test_revisions_pass_the_round_trip(day: Day) -> None:
    """Each goes down and up again; what is lost is declared."""
    day.play()
    text = day.written[0].read_text(encoding="utf-8")
    first = re.findall('^revision: str = "(\\w+)"$', text, re.MULTILINE)

    done = day.checkout.run("make", "roundtrip", f"rev={first[0]}:")

    assert done.returncode == 0, done.stdout


def test_models_and_history_agree(day: Day) -> None:
    """`make parity` finds nothing, not even another order of columns."""
    day.play()

    done = day.checkout.run("make", "parity")

    assert done.returncode == 0, done.stdout
    assert "parity: no findings" in done.stdout


def test_backend_s_tests_are_green(day: Day) -> None:
    """No test was edited, and none fails: they make their rows and expectations from the models."""
    day.play()
    tests = "packages/backend/tests"
    left_out = [f"--ignore={tests}/{name}" for name in OUT_OF_REACH]
    runner = (".tools/bin/uv", "run", "--quiet", "pytest", "-q", "-n", "2", "--dist=loadscope")

    done = day.checkout.run(*runner, *left_out, tests, timeout_s=900)

    assert done.returncode == 0, done.stdout[-20_000:]
