"""Lay out a statement of one line as a person writes it: one clause a line."""

from __future__ import annotations

from dataclasses import dataclass

from alembic_deploy.statements import TokenKind, match_start, tokenize


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a kind of statement is broken into lines."""

    synopsis: str
    clauses: tuple[str, ...]
    """The words that begin a line, outside of parentheses."""
    joining: tuple[str, ...] = ()
    """The words that begin a clause which shares a line with the one before, if there is room."""
    is_always_broken: bool = False
    """Whether a short statement is broken as well."""
    indent: str = ""
    """Of all lines but the first."""


_ALTERED = ("TABLE", "FOREIGN TABLE", "DOMAIN", "TYPE", "SEQUENCE")
_LAYOUTS = (
    _Layout("CREATE POLICY", ("AS", "FOR", "USING", "WITH CHECK"), ("TO",), is_always_broken=True),
    _Layout("ALTER POLICY", ("TO", "USING", "WITH CHECK")),
    _Layout(
        "CREATE [ OR REPLACE ] [ CONSTRAINT ] TRIGGER",
        ("BEFORE", "AFTER", "INSTEAD OF", "REFERENCING", "FOR EACH"),
        ("FROM", "NOT DEFERRABLE", "DEFERRABLE", "WHEN", "EXECUTE"),
        is_always_broken=True,
    ),
    _Layout("CREATE [ UNIQUE ] INDEX", ("ON", "INCLUDE", "WITH", "WHERE"), ("TABLESPACE",)),
    _Layout(
        "CREATE [ UNLOGGED ] SEQUENCE", ("AS", "INCREMENT"), ("MINVALUE", "START"), indent="    "
    ),
    _Layout(
        "CREATE [ OR REPLACE ] [ MATERIALIZED ] VIEW",
        ("SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "UNION"),
    ),
    _Layout("CREATE STATISTICS", ("ON", "FROM")),
    _Layout("CREATE RULE", ("AS ON", "WHERE", "DO")),
    _Layout("COMMENT ON", ("IS",)),
    _Layout("LOCK TABLE", ("IN",)),
    _Layout("GRANT", ("ON",), ("TO",)),
    _Layout("REVOKE", ("ON",), ("FROM",)),
    _Layout(
        "ALTER DEFAULT PRIVILEGES", ("GRANT", "REVOKE"), ("FOR ROLE", "IN SCHEMA"), indent="    "
    ),
    *(
        _Layout(
            f"ALTER {what}",
            ("ADD", "ALTER", "DROP", "ATTACH", "DETACH", "REFERENCES"),
            ("CHECK", "FOREIGN KEY", "USING"),
            indent="    ",
        )
        for what in _ALTERED
    ),
)


def in_clauses(statement: str, *, width: int) -> str:
    """Return the statement with one clause a line where it is too long, or is always written so.

    A statement of several lines is returned as it is.
    """
    if "\n" in statement:
        return statement
    for layout in _LAYOUTS:
        head = match_start(statement, layout.synopsis)
        if head is not None and (layout.is_always_broken or len(statement) > width):
            breaks = [0, *_breaks(statement, layout, start=head.end)]
            ends = [*breaks[1:], len(statement)]
            clauses = [statement[a:b].rstrip() for a, b in zip(breaks, ends, strict=True)]
            return "\n".join(_lines(clauses, layout, width=width))
    return statement


def _breaks(statement: str, layout: _Layout, *, start: int) -> list[int]:
    """Return the places of the clauses, outside of parentheses, each behind a blank."""
    tokens = tokenize(statement)
    depth, found = 0, list[int]()
    for number, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth or token.start < start or token.kind is not TokenKind.WORD:
            continue
        words = " ".join(one.text.upper() for one in tokens[number : number + 2])
        begins = any(words == one or token.is_word(one) for one in layout.clauses + layout.joining)
        if begins and statement[token.start - 1 : token.start] == " ":
            found.append(token.start)
    return found


def _lines(clauses: list[str], layout: _Layout, *, width: int) -> list[str]:
    lines = clauses[:1]
    for clause in clauses[1:]:
        is_joining = clause.upper().startswith(layout.joining) if layout.joining else False
        is_first = len(lines) == 1 and layout.is_always_broken
        if is_joining and not is_first and len(lines[-1]) + 1 + len(clause) <= width:
            lines[-1] += f" {clause}"
        else:
            lines.append(f"{layout.indent}{clause}")
    return lines
