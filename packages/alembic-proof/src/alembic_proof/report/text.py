"""Steps and findings as plain text, a line each, in the form that editors make clickable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from alembic_proof.finding import Finding, Severity
from alembic_proof.postgres.server import ServerStatus
from alembic_proof.proofs import Step

_NAME_WIDTH = 56
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def finding_text(finding: Finding) -> str:
    """`path:line: error: what is wrong [rule]`; further lines and what to do below it."""
    place = f"{finding.location}: " if finding.location else ""
    first, *rest = finding.message.splitlines()
    lines = [f"{place}{finding.severity}: {first} [{finding.rule}]", *rest]
    return printable("\n".join([*lines, f"  do: {finding.todo}"] if finding.todo else lines))


def printable(text: str) -> str:
    """The text, in which control characters are spelt out: a name may hold what moves a cursor."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def proof_text(name: str, findings: Iterable[Finding]) -> str:
    """The findings of a proof, closed by its name and their number."""
    found = tuple(findings)
    lines = [finding_text(finding) for finding in found if not finding.is_hidden]
    return "\n".join([*lines, f"{name}: {summary_text(found)}"])


def step_text(step: Step) -> str:
    """`  upgrade to head            1.234 s`; its parts instead of the whole where it has them."""
    if step.parts:
        times = "  ".join(f"{name} {elapsed_s:.3f} s" for name, elapsed_s in step.parts)
        return f"  {printable(shortened(step.name)):<{_NAME_WIDTH}}  {times}"
    return f"  {printable(step.name):<28} {step.elapsed_s:8.3f} s"


def shortened(name: str) -> str:
    """The name, or its beginning where it would push the times out of sight."""
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 2]} …"


def servers_text(servers: Iterable[tuple[str, ServerStatus]]) -> str:
    """A line for each named server: what it is, whether it runs, where its data is."""
    return "\n".join(_server_line(name, server) for name, server in servers)


def _server_line(name: str, server: ServerStatus) -> str:
    if server.running is None:
        return f"{name:<8} PostgreSQL {server.major}  stopped  {server.data}"
    running = server.running
    line = f"{name:<8} PostgreSQL {running.version}  running  {server.data}"
    return f"{line}\n         {running.origin}, socket in {running.socket_dir}"


def summary_text(findings: Iterable[Finding]) -> str:
    """Return `2 errors, 1 note`, or `no findings`, and how many notes are hidden."""
    found = tuple(findings)
    counts = Counter(finding.severity for finding in found if not finding.is_hidden)
    parts = [counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    hidden = sum(finding.is_hidden for finding in found)
    more = f"; {counted(hidden, 'note')} hidden (-v shows {'it' if hidden == 1 else 'them'})"
    return (", ".join(parts) or "no findings") + (more if hidden else "")


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
