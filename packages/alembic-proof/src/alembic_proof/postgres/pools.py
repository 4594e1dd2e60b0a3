"""Connections that a project's own engines keep in their pools, and that nobody may meet again."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool


@contextmanager
def engines_noted() -> Iterator[Callable[[], None]]:
    """Closes, at each call, what the engines have in their pools that connected since the start.

    An engine that is closed connects anew when it is used again.
    """
    noted: WeakSet[Engine] = WeakSet()

    def note(connection: Any, *_: Any) -> None:
        noted.add(connection.engine)

    def close() -> None:
        for engine in list(noted):
            if getattr(engine.dialect, "is_async", False):
                _abandon(engine)
            else:
                engine.dispose()

    event.listen(Engine, "engine_connect", note)
    try:
        yield close
    finally:
        close()
        event.remove(Engine, "engine_connect", note)


def _abandon(engine: Engine) -> None:
    """Give the engine an empty pool; the connections of the old one end as they are collected.

    They can be closed in their own event loop only, which has ended: asyncio.run() makes one each
    time, and whoever meets such a connection in another loop gets "attached to a different loop".
    """
    pool, engine.pool = engine.pool, engine.pool.recreate()
    is_keeping = not isinstance(pool, NullPool)
    del pool
    if is_keeping:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
