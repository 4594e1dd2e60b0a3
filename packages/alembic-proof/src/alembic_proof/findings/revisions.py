"""The findings about what a revision does to the catalog, the session and its transaction."""

from __future__ import annotations

from alembic_proof.finding import Severity
from alembic_proof.findings.entry import Entry, revision

_ADD_SLUG = "ALTER TABLE notes ADD COLUMN slug text"
_DROP_SLUG = "ALTER TABLE notes DROP COLUMN slug"
_INDEX = revision("CREATE INDEX ix_notes_title ON notes (title)", "DROP INDEX ix_notes_title")

REVISION_FINDINGS = (
    Entry(
        id="not-restored",
        title="Downgrade that does not restore the catalog",
        what_happens=(
            "After the downgrade, an object or a property differs from the catalog before the "
            "upgrade. The next upgrade may fail on what is left. It is a note if the revision "
            "declares `irreversible`."
        ),
        what_to_do="Undo in downgrade() everything that upgrade() did, in reverse order.",
        bad=(
            revision(
                f"ALTER TABLE notes ALTER COLUMN title SET DEFAULT ''\n{_ADD_SLUG}", _DROP_SLUG
            ),
        ),
        good=(
            revision(
                f"ALTER TABLE notes ALTER COLUMN title SET DEFAULT ''\n{_ADD_SLUG}",
                f"{_DROP_SLUG}\nALTER TABLE notes ALTER COLUMN title DROP DEFAULT",
            ),
        ),
    ),
    Entry(
        id="not-rebuilt",
        title="Second upgrade with another result",
        what_happens=(
            "After upgrade, downgrade and upgrade, the catalog differs from the one after the first "
            "upgrade. The revision depends on the clock, on random functions, or on something that its "
            "downgrade left. It is a note if the revision declares `irreversible`."
        ),
        what_to_do="Write names, defaults and comments as constants into the revision.",
        bad=(
            revision(
                "> op.execute(f\"COMMENT ON TABLE notes IS 'since {datetime.now()}'\")",
                "COMMENT ON TABLE notes IS NULL",
                imports="from datetime import datetime\n\n",
            ),
        ),
        good=(
            revision(
                "COMMENT ON TABLE notes IS 'since version 2'", "COMMENT ON TABLE notes IS NULL"
            ),
        ),
    ),
    Entry(
        id="revision-fails",
        title="Revision that fails",
        what_happens=(
            "The upgrade, the downgrade or the second upgrade raises an error, also without rows. "
            "It is a note if the error comes from what a declared irreversible downgrade left."
        ),
        what_to_do="Correct the statement at the line of the finding.",
        bad=(
            revision("CREATE INDEX ix_notes_title ON notes (title)", "DROP INDEX ix_notes_titel"),
        ),
        good=(_INDEX,),
    ),
    Entry(
        id="downgrade-refuses",
        title="Downgrade that refuses without a declaration",
        severity=Severity.WARNING,
        what_happens=(
            "downgrade() raises NotImplementedError, or a `raise`, an `assert` or a `sys.exit()` in "
            "the revision's own file ends it. A reader cannot tell whether that is meant. "
            "`sys.exit(0)`, an error of the database and a bug are `revision-fails`."
        ),
        what_to_do=(
            'Write the downgrade, or declare `irreversible = "why"` and raise '
            "NotImplementedError(irreversible)."
        ),
        bad=(
            revision("ALTER TABLE notes DROP COLUMN body", '> raise NotImplementedError("no way")'),
        ),
        good=(
            revision(
                "ALTER TABLE notes DROP COLUMN body",
                "> raise NotImplementedError(irreversible)",
                declares='irreversible = "the bodies are deleted for good"',
            ),
        ),
    ),
    Entry(
        id="irreversible",
        title="Downgrade that refuses as declared",
        severity=Severity.NOTE,
        what_happens="The revision declares `irreversible`, and its downgrade refuses.",
        what_to_do="Nothing; without a downgrade, a faulty release cannot be rolled back.",
        bad=(
            revision(
                "ALTER TABLE notes DROP COLUMN body",
                "> raise NotImplementedError(irreversible)",
                declares='irreversible = "the bodies are deleted for good"',
            ),
        ),
        good=(
            revision(
                "ALTER TABLE notes DROP COLUMN body",
                "ALTER TABLE notes ADD COLUMN body text",
                declares='lossy = "notes.body: the bodies are deleted for good"',
            ),
        ),
    ),
    Entry(
        id="declared-not-needed",
        title="Declaration that is not true",
        severity=Severity.WARNING,
        what_happens=(
            "The revision declares `irreversible`, or names in `lossy` a table or a column, and "
            "its round trip loses nothing there, or there is no such table or column. A "
            "declaration that is not true hides a later loss. It is only a note where the revision "
            "changes a type, NOT NULL or a constraint there: rows that the proof lacks may show the loss."
        ),
        what_to_do="Delete the declaration, or supply rows that show what is lost.",
        bad=(revision(_ADD_SLUG, _DROP_SLUG, declares='irreversible = "slugs are for ever"'),),
        good=(revision(_ADD_SLUG, _DROP_SLUG),),
    ),
    Entry(
        id="setting-left",
        title="Session setting that is not reset",
        severity=Severity.WARNING,
        what_happens=(
            "The revision changes a session setting (a timeout, search_path, the role …) and does "
            "not reset it: later revisions run with it. If one transaction runs all revisions, SET "
            "LOCAL lasts until its end as well. The proof resets the setting."
        ),
        what_to_do="Write SET LOCAL, or reset the setting at the end of the function.",
        bad=(revision(f"SET lock_timeout = '3s'\n{_ADD_SLUG}", _DROP_SLUG),),
        good=(revision(f"SET LOCAL lock_timeout = '3s'\n{_ADD_SLUG}", _DROP_SLUG),),
        source="https://www.postgresql.org/docs/current/sql-set.html",
    ),
    Entry(
        id="commits-halfway",
        title="Commit inside a revision",
        severity=Severity.WARNING,
        what_happens=(
            "The revision ends the transaction that Alembic began for it and goes on. If a later "
            "statement fails, the statements before the commit stay committed, and the revision "
            "cannot be applied again. The statements after it are committed with the next revision "
            "or never."
        ),
        what_to_do=(
            "Leave the transaction to Alembic; put what cannot run in one into "
            "`with op.get_context().autocommit_block():`, in a revision of its own."
        ),
        bad=(revision(f"{_ADD_SLUG}\n> op.get_bind().commit()", _DROP_SLUG),),
        good=(revision(_ADD_SLUG, _DROP_SLUG),),
    ),
    Entry(
        id="not-proved",
        title="Revisions that were not proved",
        severity=Severity.NOTE,
        what_happens=(
            "Revisions need one whose upgrade fails (one note, at that one, lists them all), or "
            "are before `start_revision`. It is a warning if no other revision was selected."
        ),
        what_to_do="Correct the revision that fails, and prove again.",
        bad=(
            revision("ALTER TABLE notes ADD COLUMN slug txt", _DROP_SLUG),
            revision(
                "CREATE INDEX ix_notes_slug ON notes (slug)", "DROP INDEX ix_notes_slug", number=3
            ),
        ),
        good=(
            revision(_ADD_SLUG, _DROP_SLUG),
            revision(
                "CREATE INDEX ix_notes_slug ON notes (slug)", "DROP INDEX ix_notes_slug", number=3
            ),
        ),
    ),
)
