"""An engine with a pool, made once when the module is imported."""

import os

from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine(os.environ["SHOP_URL"])
