"""Indexes and constraints that the history calls otherwise, and some that only look so."""

import sqlalchemy as sa

metadata = sa.MetaData()

sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("code", sa.Text),
    sa.Column("size", sa.Integer),
    sa.UniqueConstraint("code", name="uq_notes_code"),
    sa.CheckConstraint("size > 0", name="ck_notes_size"),
    sa.Index("notes_name_idx", "name"),
    sa.Index("Notes: size", "size"),
    sa.Index("equal_1", "id", "size"),
    sa.Index("equal_2", "id", "size"),
)
