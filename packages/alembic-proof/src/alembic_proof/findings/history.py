"""The findings about the history as a whole: env.py, `alembic upgrade heads`, `--sql`, the run."""

from __future__ import annotations

from alembic_proof.finding import Severity
from alembic_proof.findings.entry import Entry, SourceFile, revision, settings, shell

_ENV = """\
import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
{before}    context.configure(connection=connection, target_metadata=None{options})
    with context.begin_transaction():
        context.run_migrations()
{after}"""


def _env(*, before: str = "", options: str = "", after: str = "") -> SourceFile:
    return SourceFile("env.py", _ENV.format(before=before, options=options, after=after))


_EACH = ", transaction_per_migration=True"
_SEARCH_PATH = (
    revision(
        "CREATE SCHEMA audit\nSET LOCAL search_path = audit, public",
        "DROP SCHEMA audit CASCADE",
    ),
    revision("CREATE TABLE users (id integer PRIMARY KEY)", "DROP TABLE users", number=3),
)
_DEFERRED = (
    revision(
        "CREATE TABLE tags (id integer PRIMARY KEY, parent integer)\n"
        "ALTER TABLE tags ADD FOREIGN KEY (parent) REFERENCES tags INITIALLY DEFERRED\n"
        "INSERT INTO tags VALUES (1, 1)",
        "DROP TABLE tags",
    ),
    revision(
        "ALTER TABLE tags ADD COLUMN name text", "ALTER TABLE tags DROP COLUMN name", number=3
    ),
)
_SETTING = "    connection.execute(sa.text(\"SET lock_timeout = '5s'\"))\n"
_NOT_OFFLINE = """\
    if context.is_offline_mode():
        raise RuntimeError("--sql is not supported")
"""
_ONLINE = revision(
    "> if not context.is_offline_mode():\n"
    '>     op.execute("CREATE INDEX ix_notes_title ON notes (title)")',
    "DROP INDEX IF EXISTS ix_notes_title",
    imports="from alembic import context\n",
)
_ASKS = revision(
    "> with op.get_bind().begin_nested():\n>     op.execute(\"COMMENT ON TABLE notes IS 'empty'\")",
    "COMMENT ON TABLE notes IS NULL",
)
_COMMENT = revision("COMMENT ON TABLE notes IS 'empty'", "COMMENT ON TABLE notes IS NULL")
_OFFLINE = shell("alembic-proof roundtrip --offline-sql")
_SECOND_CONNECTION = """\
> url = op.get_context().config.get_main_option("sqlalchemy.url")
> with sa.create_engine(url).connect() as other:
>     other.execute(sa.text("UPDATE notes SET title = title"))
>     op.execute("ALTER TABLE notes ADD COLUMN slug text")"""

HISTORY_FINDINGS = (
    Entry(
        id="nothing-committed",
        title="env.py that does not commit",
        what_happens=(
            "`alembic upgrade` ends without an error, and a new connection finds nothing of it: "
            "env.py began a transaction before context.configure() and does not commit it. "
            "`parity`, `drift` and `revision` stop there with exit code 2."
        ),
        what_to_do=(
            "Execute nothing before context.configure(), or commit the connection after "
            "context.run_migrations()."
        ),
        bad=(_env(before=_SETTING),),
        good=(_env(before=_SETTING, after="    connection.commit()\n"),),
        source="https://docs.sqlalchemy.org/en/20/core/connections.html#commit-as-you-go",
    ),
    Entry(
        id="upgrade-heads-fails",
        title="Upgrade that fails as env.py runs it",
        what_happens=(
            "The revisions pass one by one and fail as `alembic upgrade heads` runs them, often in "
            "one transaction: a new enum value is used in the transaction that added it, rows wait "
            "for a deferred constraint while the table is altered, or a session setting is left for "
            "the next revision."
        ),
        what_to_do=(
            "Give each revision its own transaction in env.py: context.configure(…, "
            "transaction_per_migration=True)."
        ),
        bad=(*_DEFERRED, _env()),
        good=(*_DEFERRED, _env(options=_EACH)),
        source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.environment.EnvironmentContext.configure",
    ),
    Entry(
        id="upgrade-heads-differs",
        title="Upgrade with another result as env.py runs it",
        what_happens=(
            "`alembic upgrade heads`, as env.py runs it, leaves another catalog than the revisions "
            "one by one, for example because SET LOCAL lasts until the end of one common "
            "transaction."
        ),
        what_to_do=(
            "Give each revision its own transaction in env.py (transaction_per_migration=True), or "
            "name the schema of each object."
        ),
        bad=(*_SEARCH_PATH, _env()),
        good=(*_SEARCH_PATH, _env(options=_EACH)),
    ),
    Entry(
        id="waits-for-itself",
        title="Step that waits for a lock of its own process",
        what_happens=(
            "A step has waited `wait_timeout_s` for a lock of another connection to the scratch "
            "database that does nothing (`idle in transaction`). PostgreSQL sees no deadlock, so "
            "the step would wait forever. The statement is cancelled."
        ),
        what_to_do="Use Alembic's connection (op.get_bind()) for everything in a revision.",
        bad=(
            revision(
                _SECOND_CONNECTION,
                "ALTER TABLE notes DROP COLUMN slug",
                imports="import sqlalchemy as sa\n",
            ),
            settings("wait_timeout_s = 0.5"),
        ),
        good=(
            revision(
                "UPDATE notes SET title = title\nALTER TABLE notes ADD COLUMN slug text",
                "ALTER TABLE notes DROP COLUMN slug",
            ),
            settings("wait_timeout_s = 0.5"),
        ),
        source="https://www.postgresql.org/docs/current/explicit-locking.html",
    ),
    Entry(
        id="policies-bypassed",
        title="Proof as a role that row-level security does not bind",
        severity=Severity.NOTE,
        what_happens=(
            "A table has FORCE ROW LEVEL SECURITY, and the role that migrates the scratch database "
            "is a superuser or has BYPASSRLS: what policies hide in production is not found."
        ),
        what_to_do="Prove as a role with NOSUPERUSER NOBYPASSRLS CREATEDB.",
        bad=(
            revision(
                "ALTER TABLE notes FORCE ROW LEVEL SECURITY",
                "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY",
            ),
            settings('scratch_url_env = "SUPERUSER_URL"'),
        ),
        good=(
            revision(
                "ALTER TABLE notes FORCE ROW LEVEL SECURITY",
                "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY",
            ),
            settings('scratch_url_env = "OWNER_URL"'),
        ),
        source="https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    ),
    Entry(
        id="offline-sql-fails",
        title="Revision that cannot be written as SQL, or whose SQL fails",
        what_happens=(
            "`alembic upgrade --sql` or `downgrade --sql` raises an error in the revision, or "
            "PostgreSQL refuses a statement of its script (`--offline-sql`)."
        ),
        what_to_do="Read nothing from the database in the revision; write each statement as SQL.",
        bad=(_ASKS, _OFFLINE),
        good=(_COMMENT, _OFFLINE),
        source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    ),
    Entry(
        id="offline-sql-differs",
        title="SQL script with another result than the revision",
        what_happens=(
            "After the script of `alembic upgrade --sql` or `downgrade --sql` the catalog differs "
            "from the one after the revision itself (`--offline-sql`)."
        ),
        what_to_do="Do the same with and without a connection: no context.is_offline_mode().",
        bad=(_ONLINE, _OFFLINE),
        good=(_COMMENT, _OFFLINE),
        source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    ),
    Entry(
        id="offline-sql-not-proved",
        title="SQL script that was not proved",
        severity=Severity.NOTE,
        what_happens=(
            "env.py does not run without a connection, revisions were left out, or only psql can "
            "run a statement of the script (`COPY … FROM STDIN`, a backslash command); the last is "
            "a warning."
        ),
        what_to_do=(
            "Write a run_migrations_offline() in env.py, or set offline_sql = false if the project "
            "does not use --sql."
        ),
        bad=(_env(before=_NOT_OFFLINE), _OFFLINE),
        good=(_COMMENT, _OFFLINE),
        source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    ),
    Entry(
        id="skipped",
        title="Revision that the settings skip",
        severity=Severity.NOTE,
        what_happens="The settings say why the revision is applied and not proved.",
        what_to_do="Nothing, as long as the reason holds.",
        bad=(_COMMENT, SourceFile("pyproject.toml", '[tool.alembic-proof.skip]\n0002 = "slow"\n')),
        good=(_COMMENT,),
    ),
    Entry(
        id="nothing-proved",
        title="No revision was selected",
        severity=Severity.NOTE,
        what_happens=(
            "The arguments select no revision, or the history has none; the directories are named. "
            "It is a note so that a wrong path does not look like a clean history."
        ),
        what_to_do="Nothing if no revision changed; else check `version_locations`.",
        bad=(shell("git add . && git commit", "alembic-proof roundtrip --base-ref HEAD"),),
        good=(shell("git add . && git commit", "alembic-proof roundtrip"),),
    ),
    Entry(
        id="proof-stopped",
        title="Proof that an error ended",
        what_happens=(
            "An error (env.py, the server, Ctrl-C) ended the proof. The findings until then are "
            "reported (in JSON, JUnit and SARIF also if there are none), the error is printed on "
            "standard error, and the exit code is the error's."
        ),
        what_to_do="Correct what the error names, and prove again.",
        bad=(
            SourceFile("env.py", 'raise RuntimeError("no configuration")\n'),
            shell("alembic-proof roundtrip --format json"),
        ),
        good=(_env(options=_EACH), shell("alembic-proof roundtrip --format json")),
    ),
)
