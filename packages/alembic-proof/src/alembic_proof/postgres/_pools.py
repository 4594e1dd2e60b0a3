"""Connections that a project's own engines keep, when the database behind them is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.engine import Engine


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
                # Its connections can be closed in their own event loop only, which has ended.
                engine.pool = engine.pool.recreate()
            else:
                engine.dispose()

    event.listen(Engine, "engine_connect", note)
    try:
        yield close
    finally:
        close()
        event.remove(Engine, "engine_connect", note)
