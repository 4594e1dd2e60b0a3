"""env.py runs in the process of other people's tests, and leaves it as it was."""

from __future__ import annotations

import asyncio
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def kept_surroundings() -> Iterator[None]:
    """Ensures that logging and sys.path are afterwards what they were before.

    A usual env.py calls `fileConfig`, which disables every logger and takes pytest's handlers away;
    Alembic puts directories on sys.path. Warnings stay warnings inside of this block: a test suite
    that turns them into errors means its own code.
    """
    path = list(sys.path)
    loggers = [(logger, _state(logger)) for logger in _all_loggers()]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        try:
            yield
        finally:
            sys.path[:] = path
            for logger, (level, is_disabled, propagates, handlers) in loggers:
                logger.setLevel(level)
                logger.disabled, logger.propagate = is_disabled, propagates
                logger.handlers[:] = handlers


def outside_of_loops(work: Callable[[], T]) -> T:
    """What `work` returns; it runs in another thread where this one runs an event loop.

    An asynchronous env.py calls `asyncio.run`, which no running loop allows.
    """
    if not _is_in_loop():
        return work()
    with ThreadPoolExecutor(max_workers=1) as one_thread:
        return one_thread.submit(work).result()


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _all_loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(logger for logger in known if isinstance(logger, logging.Logger))]


def _state(logger: logging.Logger) -> tuple[int, bool, bool, list[logging.Handler]]:
    return logger.level, logger.disabled, logger.propagate, list(logger.handlers)
