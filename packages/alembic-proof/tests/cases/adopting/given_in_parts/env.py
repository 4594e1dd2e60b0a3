"""An env.py that puts its URL together as text: a host has to be a name, and the password is needed."""

import os
from importlib.util import find_spec

import sqlalchemy as sa
from alembic import context

driver = "psycopg" if find_spec("psycopg") else "psycopg2"
user, password = os.environ["SHOP_USER"], os.environ["SHOP_PASSWORD"]
host, port, name = (
    os.environ["SHOP_HOST"],
    int(os.environ["SHOP_PORT"]),
    os.environ["SHOP_DATABASE"],
)
engine = sa.create_engine(f"postgresql+{driver}://{user}:{password}@{host}:{port}/{name}")
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
