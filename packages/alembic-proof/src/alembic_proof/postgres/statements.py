"""A script's statements, split where psql splits them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""
      (?P<comment>--[^\n]*)
    | (?P<block>/\*)
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<quoted>[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*")
    | (?P<word>[^\W\d][\w$]*)
    | (?P<unended>['"])
    | (?P<other>\S)
    """,
    re.VERBOSE | re.DOTALL,
)
_STREAMS = {(way, end) for way in ("from", "to") for end in ("stdin", "stdout")}
_BLOCK_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it is sent, without the semicolon that ends it."""

    text: str
    start: int
    """Where it begins in the script, after blanks and comments."""

    @property
    def is_for_psql(self) -> bool:
        """Whether only psql can run it: a command with a backslash, or COPY from or to the client.

        Source: psql, "Meta-Commands"; sql-copy, STDIN and STDOUT.
        """
        words: list[str] = []
        depth = 0
        for kind, text in _tokens(self.text):
            if text == "\\":
                return True
            depth += {"(": 1, ")": -1}.get(text, 0)
            if kind == "word" and depth == 0:
                words.append(text.lower())
        return words[:1] == ["copy"] and not _STREAMS.isdisjoint(pairwise(words))


def split_statements(script: str) -> Iterator[Statement]:
    """Yield the statements of a script; text of blanks and comments alone is none.

    A semicolon ends a statement outside of quotes, dollar quotes, comments, parentheses and the body
    of an SQL function (BEGIN ATOMIC … END). What follows the last one is a statement as well.

    Source: PostgreSQL's manual, "Lexical Structure"; psql, "Meta-Commands" on what ends a query.
    """
    start, depth, words, body = -1, 0, list[str](), 0
    position = 0
    while (token := _TOKEN.search(script, position)) is not None:
        kind, text = token.lastgroup, token.group()
        position = _end_of(token)
        if kind in ("comment", "block"):
            continue
        if text == ";" and depth == 0 and body == 0:
            if start >= 0:
                yield Statement(script[start : token.start()].rstrip(), start)
            start, words = -1, []
            continue
        start = token.start() if start < 0 else start
        if text in "()":
            depth = max(depth + (1 if text == "(" else -1), 0)
        elif kind == "word":
            words.append(text.lower())
            body = _body_depth(words, body)
    if start >= 0:
        yield Statement(script[start:].rstrip(), start)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each token; comments are left out."""
    position = 0
    while (token := _TOKEN.search(text, position)) is not None:
        position = _end_of(token)
        if token.lastgroup not in ("comment", "block"):
            yield token.lastgroup or "", token.group()


def _end_of(token: re.Match[str]) -> int:
    """Return where the text that the token begins comes to its end."""
    script = token.string
    match token.lastgroup:
        case "block":
            return _end_of_block(script, token.end())
        case "dollar":
            end = script.find(token.group(), token.end())
            return end + len(token.group()) if end >= 0 else len(script)
        case "unended":
            return len(script)
        case _:
            return token.end()


def _end_of_block(script: str, position: int) -> int:
    """Return where a comment ends; comments nest."""
    depth = 1
    for edge in _BLOCK_EDGE.finditer(script, position):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(script)


def _body_depth(words: list[str], depth: int) -> int:
    """Return how deep the last word is in the body of an SQL function."""
    first = [word for word in words[:4] if word not in ("or", "replace")]
    if first[:1] != ["create"] or first[1:2] not in (["function"], ["procedure"]):
        return 0
    match words[-1]:
        case "begin":
            return depth + 1
        case "case" if depth:
            return depth + 1
        case "end" if depth:
            return depth - 1
        case _:
            return depth
