"""Writes what Flask-AppBuilder creates before Superset runs its first revision, as SQL."""

from flask_appbuilder import Model
from flask_appbuilder.security.sqla import models  # noqa: F401  puts its tables into the metadata
from sqlalchemy import create_mock_engine


def write(statement, *_arguments, **_options):
    """Print one statement of PostgreSQL."""
    print(f"{str(statement.compile(dialect=engine.dialect)).strip()};")


engine = create_mock_engine("postgresql+psycopg2://", write)
tables = [table for table in Model.metadata.sorted_tables if table.name.startswith("ab_")]
Model.metadata.create_all(engine, checkfirst=False, tables=tables)
