"""Settings that are read once, when the module is imported, and an engine that keeps its pool."""

import os

import sqlalchemy as sa

URL = os.environ["SHOP_URL"]
engine = sa.create_engine(URL, pool_size=1)
