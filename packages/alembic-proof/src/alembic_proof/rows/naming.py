"""Names for values that were made anew: those that they had in an earlier reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from alembic_proof.rows.digest import Hash
from alembic_proof.rows.shape import TableName

Origin = tuple[TableName, str]
"""The column that a value comes from: at the end of all foreign keys."""
_OPEN = "?"


@dataclass(frozen=True, slots=True)
class Naming:
    """Which values are to be named, which names there are, and who has which."""

    old: Mapping[Origin, set[int]]
    """The names that are free."""
    new: Mapping[Origin, set[int]]
    """The values that have none yet."""
    names: dict[tuple[Origin, int], int] = field(default_factory=dict)

    def bind(self, at: Origin, old: Hash, new: Hash) -> bool:
        """Whether the value has got the name: neither was taken."""
        if old is None or new is None or not self.is_free(at, old) or not self.is_open(at, new):
            return False
        self.names[at, new] = old
        self.old[at].discard(old)
        self.new[at].discard(new)
        return True

    def is_free(self, at: Origin, old: Hash) -> bool:
        """Whether it is a name that nothing has."""
        return old in self.old.get(at, ())

    def is_open(self, at: Origin, new: Hash) -> bool:
        """Whether it is a value without a name."""
        return new in self.new.get(at, ())

    def name(self, at: Origin, value: Hash) -> Hash:
        """The value's name; itself where it has none."""
        return value if value is None else self.names.get((at, value), value)


@dataclass(frozen=True, slots=True)
class Pair:
    """One table's rows, both times, in the columns that are in both."""

    origins: tuple[Origin, ...]
    key: tuple[int, ...]
    """Where the primary key stands in a row; () where rows are not known by one."""
    first: tuple[tuple[Hash, ...], ...]
    again: tuple[tuple[Hash, ...], ...]

    def meetings(self, naming: Naming) -> Iterator[tuple[tuple[Hash, ...], tuple[Hash, ...]]]:
        """The rows of both that have one key."""
        if not self.key:
            return
        known = {tuple(row[place] for place in self.key): row for row in self.first}
        for row in self.again:
            key = tuple(naming.name(self.origins[place], row[place]) for place in self.key)
            if key in known:
                yield known[key], row

    def alike(self, naming: Naming) -> Iterator[Alike]:
        """The rows without a counterpart that are alike but for what has no name yet."""
        met = [*self.meetings(naming)]
        met_first, met_again = {old for old, _ in met}, {new for _, new in met}
        groups: dict[tuple[object, ...], Alike] = defaultdict(lambda: Alike(self.origins))
        for row in self.first:
            if row not in met_first:
                signs = (
                    _OPEN if naming.is_free(at, value) else value
                    for at, value in zip(self.origins, row, strict=True)
                )
                groups[tuple(signs)].first.append(row)
        for row in self.again:
            if row not in met_again:
                signs = (
                    _OPEN if naming.is_open(at, value) else naming.name(at, value)
                    for at, value in zip(self.origins, row, strict=True)
                )
                groups[tuple(signs)].again.append(row)
        for signature, group in groups.items():
            group.unknown = signature.count(_OPEN)
            if group.unknown and group.first and group.again:
                yield group


@dataclass(slots=True)
class Alike:
    """Rows that are alike."""

    origins: tuple[Origin, ...]
    first: list[tuple[Hash, ...]] = field(default_factory=list)
    again: list[tuple[Hash, ...]] = field(default_factory=list)
    unknown: int = 0
    """In how many columns they have no name yet."""

    @property
    def is_unique(self) -> bool:
        """Whether there is no choice."""
        return len(self.first) == len(self.again) == 1

    def bind(self, naming: Naming) -> bool:
        """Whether one row of each has become the same."""
        places = zip(self.origins, self.first[0], self.again[0], strict=True)
        return True in [naming.bind(at, old, new) for at, old, new in places]


def name_all(naming: Naming, pairs: Sequence[Pair]) -> None:
    """Ensures that every value has a name that one of its rows gives it, as far as there is one."""
    steps = (_name_by_key, _name_by_likeness, _name_one_of_many)
    while any(step(naming, pairs) for step in steps):
        pass


def _name_by_key(naming: Naming, pairs: Sequence[Pair]) -> bool:
    """Whether values got a name since they stand in the same row and column."""
    named = [
        naming.bind(at, old, new)
        for pair in pairs
        for before, after in [*pair.meetings(naming)]
        for at, old, new in zip(pair.origins, before, after, strict=True)
        if old != new
    ]
    return True in named


def _name_by_likeness(naming: Naming, pairs: Sequence[Pair]) -> bool:
    """Whether values got a name since one row alone is like theirs; least unknown ones first."""
    groups = [group for pair in pairs for group in pair.alike(naming) if group.is_unique]
    least = min((group.unknown for group in groups), default=0)
    return True in [group.bind(naming) for group in groups if group.unknown == least]


def _name_one_of_many(naming: Naming, pairs: Sequence[Pair]) -> bool:
    """Whether values got a name where several would do."""
    groups = sorted(
        (group for pair in pairs for group in pair.alike(naming)), key=lambda group: group.unknown
    )
    return any(group.bind(naming) for group in groups)
