"""Findings and explanations, brought together: neither may be without the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corpus.group import Found, Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A group, and the findings that it takes."""

    group: Group
    findings: tuple[Found, ...]

    @property
    def revisions(self) -> tuple[str, ...]:
        """The revisions that they are about, each once."""
        return tuple(dict.fromkeys(found.revision for found in self.findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A project's findings in their groups, and what is left over on either side."""

    explained: tuple[Explained, ...]
    unexplained: tuple[Found, ...]

    @property
    def stale(self) -> tuple[Group, ...]:
        """The groups that take no finding."""
        return tuple(entry.group for entry in self.explained if not entry.findings)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left over."""
        return not self.unexplained and not self.stale


def explain(findings: Iterable[Found], *, groups: tuple[Group, ...]) -> Explanation:
    """Each finding that fails a proof in the first group that takes it; notes need none."""
    taken: dict[int, list[Found]] = {place: [] for place in range(len(groups))}
    unexplained: list[Found] = []
    for found in findings:
        if found.severity == "note":
            continue
        places = (place for place, group in enumerate(groups) if group.takes(found))
        taken.get(next(places, -1), unexplained).append(found)
    return Explanation(
        explained=tuple(
            Explained(group=group, findings=tuple(taken[place]))
            for place, group in enumerate(groups)
        ),
        unexplained=tuple(unexplained),
    )
