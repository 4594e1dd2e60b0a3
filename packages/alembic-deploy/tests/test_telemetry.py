"""Spans of a command, read back from the SDK's own exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from tests.conftest import Project


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Return what keeps every span of this process; OpenTelemetry allows one provider only."""
    trace = pytest.importorskip("opentelemetry.trace")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    found = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(found))
    trace.set_tracer_provider(provider)
    return found


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    """Return the exporter without what earlier tests recorded."""
    exporter.clear()
    return exporter


def test_each_revision_is_a_span_below_the_command(
    tracks: Project, spans: InMemorySpanExporter
) -> None:
    """A span has the revision, the direction and the attempt, and takes as long as the revision."""
    tracks.alembic("upgrade", "head")

    *revisions, command = spans.get_finished_spans()
    assert command.name == "alembic upgrade"
    assert [one.name for one in revisions] == [f"upgrade {letter * 12}" for letter in "abc"]
    for one in revisions:
        assert one.parent is not None
        assert command.context is not None
        assert one.parent.span_id == command.context.span_id
        assert (one.attributes or {})["alembic.attempt"] == 1
        assert (one.end_time or 0) >= (one.start_time or 0)


def test_no_span_holds_a_secret(project: Project, spans: InMemorySpanExporter) -> None:
    """Neither the password, nor the statement, nor a value of it is in a span of a failed command."""
    project.add("fail", upgrade="op.execute(\"SELECT 'visible secret'::integer\")")

    assert "visible secret" in project.failure("upgrade", "head")

    attempt, command = spans.get_finished_spans()
    assert attempt.name == "upgrade r1, failed attempt"
    assert (attempt.attributes or {})["db.response.status_code"] == "22P02"
    assert str(command.status.description).endswith(", SQLSTATE 22P02")
    text = _text_of(attempt) + _text_of(command)
    assert "visible secret" not in text
    assert (DatabaseUrl.parse(project.url).password or "visible secret") not in text


def _text_of(span: ReadableSpan) -> str:
    return str(span.to_json())
