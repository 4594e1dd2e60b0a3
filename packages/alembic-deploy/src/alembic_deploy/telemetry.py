"""OpenTelemetry spans of a command, its revisions and their attempts, where the SDK is installed.

The program that runs the command configures the SDK: `opentelemetry-instrument alembic-deploy upgrade`.
No attribute holds SQL, a URL or a message of the server, which may repeat a value of a row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from alembic_deploy.events import AttemptFailed, Event, Observe, RevisionApplied
from alembic_deploy.server_message import first_cause, sqlstate_of

_NAME = "alembic_deploy"
_SYSTEM = {"db.system.name": "postgresql"}
"""Source: https://opentelemetry.io/docs/specs/semconv/database/."""


@contextmanager
def traced_command(name: str) -> Iterator[Observe | None]:
    """Trace a command inside of this block; yield what is to be called with each of its events.

    None without the SDK. The span of the command is named `alembic upgrade`; each revision and each
    attempt that failed, the last one too, is a span below it.
    """
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        yield None
        return
    from opentelemetry import trace

    tracer = trace.get_tracer(_NAME)
    with tracer.start_as_current_span(
        f"alembic {name}", attributes=_SYSTEM, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield lambda event: _record(tracer, event)
        except BaseException as error:
            cause = first_cause(error)
            sqlstate = sqlstate_of(cause)
            of_server = f", SQLSTATE {sqlstate}" if sqlstate else ""
            span.set_status(trace.StatusCode.ERROR, type(cause).__name__ + of_server)
            raise


def _record(tracer: Any, event: Event) -> None:
    """Add the span of a revision, or of an attempt that failed, which has just ended."""
    match event:
        case RevisionApplied():
            attributes: dict[str, Any] = {"alembic.waited_ms": event.waited_ms}
            _add(tracer, f"{event.direction} {event.revision}", event, attributes)
        case AttemptFailed():
            state = event.sqlstate
            attributes = {"db.response.status_code": state} if state else {}
            name = f"{event.direction} {event.revision}, failed attempt"
            _add(tracer, name, event, attributes)


def _add(
    tracer: Any, name: str, event: RevisionApplied | AttemptFailed, more: dict[str, Any]
) -> None:
    end_ns = time.time_ns()
    attributes = {
        **_SYSTEM,
        "alembic.revision": event.revision,
        "alembic.direction": event.direction,
        "alembic.attempt": event.attempt,
        **more,
    }
    span = tracer.start_span(
        name, attributes=attributes, start_time=end_ns - event.took_ms * 1_000_000
    )
    span.end(end_ns)
