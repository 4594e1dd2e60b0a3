"""Two sets of models that have a type in common."""

import sqlalchemy as sa


def _things(name: str) -> sa.MetaData:
    metadata = sa.MetaData()
    mood = sa.Enum("calm", "wild", name="mood")
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("mood", mood))
    return metadata


metadata = [_things("users"), _things("pets")]
