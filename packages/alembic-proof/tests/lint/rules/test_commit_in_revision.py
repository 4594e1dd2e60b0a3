"""The rule `commit-in-revision`."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from alembic_deploy.connect import run_on
from alembic_proof.lint.rules.commit_in_revision import RULE

from .found import lines


@pytest.mark.parametrize(
    "statement",
    [
        "op.get_bind().commit()",
        "bind = op.get_bind()\n    bind.commit()",
        "op.get_context().connection.commit()",
        "op.execute('COMMIT')",
        "op.execute('UPDATE a SET b = 1; COMMIT;')",
        "op.execute('END TRANSACTION AND NO CHAIN -- of the batch')",
        "op.get_bind().rollback()",
        "op.get_bind().execute(sa.text('COMMIT'))",
    ],
)
def test_what_ends_the_transaction_is_found(statement: str) -> None:
    """A commit by the connection and one in SQL are found."""
    assert len(lines(RULE, f"def upgrade():\n    {statement}")) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "session = orm.Session(bind=op.get_bind())\n    session.commit()",
        "op.execute('ROLLBACK TO SAVEPOINT a')",
        "op.execute('COMMIT PREPARED 42')",
        "op.execute('CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$')",
        "with op.get_context().autocommit_block():\n        op.execute('COMMIT')",
        "if op.get_context().dialect.name == 'mysql':\n        op.execute('COMMIT')",
    ],
)
def test_what_leaves_the_transaction_open_is_clean(statement: str) -> None:
    """The commit of a Session that has joined the transaction does not end it."""
    assert lines(RULE, f"def upgrade():\n    {statement}") == []


def test_a_session_s_commit_ends_no_transaction_that_was_begun_before(scratch_url: str) -> None:
    """The connection's own rollback still undoes everything."""

    def commit(connection: Connection) -> bool:
        if connection.in_transaction():
            connection.rollback()
        with connection.begin() as transaction:
            session = Session(bind=connection)
            session.execute(text("CREATE TABLE a ()"))
            session.commit()
            transaction.rollback()
        return connection.scalar(text("SELECT to_regclass('a')")) is not None

    assert not run_on(scratch_url, commit)
