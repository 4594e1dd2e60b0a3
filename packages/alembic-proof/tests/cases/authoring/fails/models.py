"""A domain with a check that a row of the history violates: only PostgreSQL knows that."""

import sqlalchemy as sa

metadata = sa.MetaData()


class Word(sa.types.UserDefinedType):
    """The domain."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name."""
        return "public.word"


CREATE = "CREATE DOMAIN public.word AS text CONSTRAINT word_length CHECK (char_length(VALUE) > 3)"
sa.event.listen(metadata, "before_create", sa.DDL(CREATE))

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", Word, nullable=False),
    sa.Column("nickname", sa.Text),
)
