"""Writes what MLflow creates before it runs its first revision, as SQL."""

from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy import create_mock_engine


def write(statement, *_arguments, **_options):
    """Print one statement of PostgreSQL."""
    print(f"{str(statement.compile(dialect=engine.dialect)).strip()};")


engine = create_mock_engine("postgresql+psycopg2://", write)
Base.metadata.create_all(engine, checkfirst=False)
