"""A generated project: an Alembic environment with a chain of revisions, ten kinds in turn."""

from __future__ import annotations

from pathlib import Path

from bench.kinds import body

_INI = """[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = postgresql+psycopg://
"""

_ENV = """import sqlalchemy as sa
from alembic import context

engine = context.config.attributes.get("connection")
if engine is None:
    engine = sa.create_engine(
        context.config.get_main_option("sqlalchemy.url"), poolclass=sa.pool.NullPool
    )
with engine.connect() as connection:
    # Nothing is compared with models: a tool that judges by autogenerate has nothing to do here.
    context.configure(
        connection=connection,
        target_metadata=sa.MetaData(),
        include_name=lambda name, type_, parents: False,
    )
    with context.begin_transaction():
        context.run_migrations()
"""

_REVISION = '''"""{title}"""

import sqlalchemy as sa
from alembic import op

revision = {name!r}
down_revision = {before!r}
branch_labels = None
depends_on = None


def upgrade():
    {up}


def downgrade():
    {down}
'''


def write_project(directory: Path, *, revisions: int) -> Path:
    """Return the alembic.ini of a project with so many revisions, written into the directory."""
    versions = directory / "migrations" / "versions"
    versions.mkdir(parents=True)
    ini = directory / "alembic.ini"
    ini.write_text(_INI, encoding="utf-8")
    (versions.parent / "env.py").write_text(_ENV, encoding="utf-8")
    (versions.parent / "script.py.mako").write_text("", encoding="utf-8")
    for number in range(revisions):
        path = versions / f"{_name(number)}.py"
        path.write_text(_revision(number), encoding="utf-8")
    return ini


def _name(number: int) -> str:
    return f"r{number + 1:05d}"


def _revision(number: int) -> str:
    made = body(number)
    return _REVISION.format(
        title=made.title,
        name=_name(number),
        before=_name(number - 1) if number else None,
        up="\n    ".join(made.up),
        down="\n    ".join(made.down),
    )
