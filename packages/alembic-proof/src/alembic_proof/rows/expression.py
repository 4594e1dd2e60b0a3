"""Reads expressions as PostgreSQL prints them into a small tree.

PostgreSQL puts parentheses around every operator it prints, so little precedence is needed. What
is not understood becomes a call that nobody knows, or makes the whole expression unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from alembic_proof.rows.tokens import Sort, Token, UnreadableError, tokens


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; None is NULL."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or VALUE in a domain's check."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function, or an operator under its own sign; AND, OR and NOT in upper case."""

    name: str
    arguments: tuple[Node, ...]


Node = Literal | Name | Call

CONNECTIVES = {"OR": 1, "AND": 2}
COMPARISON = 4
TYPE_WORDS = {"varying", "precision", "with", "without", "time", "zone"}
CONSTANTS = {"true": "true", "false": "false", "null": None}


@lru_cache(maxsize=8192)
def parse(text: str) -> Node | None:
    """The expression's tree, None when it holds what is not read here."""
    try:
        reader = _Reader(tokens(text))
        node = reader.expression(0)
        reader.expect_end()
    except (UnreadableError, RecursionError):
        return None
    return node


class _Reader:
    """Reads a list of tokens from the left."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        if token.sort is Sort.END:
            raise UnreadableError("the expression ends too early")
        self._place += 1
        return token

    def _has(self, *values: str) -> bool:
        """Whether the next tokens are these words or signs, which are then taken."""
        ahead = self._tokens[self._place : self._place + len(values)]
        words = [t.value for t in ahead if t.sort in (Sort.WORD, Sort.SIGN)]
        if words != list(values):
            return False
        self._place += len(values)
        return True

    def _expect(self, value: str) -> None:
        if not self._has(value):
            raise UnreadableError(f"{value} expected, not {self._next.value}")

    def expect_end(self) -> None:
        """Raises unless everything is read."""
        if self._next.sort is not Sort.END:
            raise UnreadableError(self._next.value)

    def expression(self, floor: int) -> Node:
        """The longest expression whose operators bind at least as tightly as `floor`."""
        left = Call("NOT", (self.expression(3),)) if self._has("NOT") else self._postfix()
        while True:
            joined = self._joined(left, floor)
            if joined is None:
                return left
            left = joined

    def _joined(self, left: Node, floor: int) -> Node | None:
        token = self._next
        if token.sort is Sort.WORD and token.value in CONNECTIVES:
            power = CONNECTIVES[token.value]
            if power < floor:
                return None
            self._take()
            return Call(token.value, (left, self.expression(power + 1)))
        if floor > COMPARISON:
            return None
        if token.sort is Sort.WORD:
            return self._test(left)
        if token.sort is not Sort.SIGN or token.value[0] in "()[],.:":
            return None
        sign = self._take().value
        if self._next.sort is Sort.WORD and self._next.value in ("ANY", "ALL"):
            quantifier = self._take().value
            return Call(f"{sign} {quantifier}", (left, *self._arguments()))
        return Call(sign, (left, self.expression(COMPARISON + 1)))

    def _test(self, left: Node) -> Node | None:
        for words, name in TESTS:
            if self._has(*words):
                if name.endswith("DISTINCT"):
                    return Call(name, (left, self.expression(COMPARISON + 1)))
                return Call(name, (left,))
        if self._has("AT", "TIME", "ZONE"):
            return Call("timezone", (self.expression(COMPARISON + 1), left))
        return None

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._has("::"):
                self._type()
            elif self._has("COLLATE"):
                self._qualified()
            elif self._has("["):
                node = Call("[]", (node, self.expression(0)))
                self._expect("]")
            elif self._has("."):
                node = Call(".", (node, Literal(self._take().value)))
            else:
                return node

    def _primary(self) -> Node:
        token = self._take()
        match token.sort:
            case Sort.TEXT | Sort.NUMBER:
                return Literal(token.value)
            case Sort.NAME:
                return self._named(token.value)
            case Sort.WORD:
                return self._word(token.value)
            case Sort.SIGN if token.value == "(":
                node = self.expression(0)
                if self._has(","):
                    rest = [self.expression(0)]
                    while self._has(","):
                        rest.append(self.expression(0))
                    node = Call("ROW", (node, *rest))
                self._expect(")")
                return node
            case Sort.SIGN if token.value in ("-", "+", "~", "@"):
                return self._signed(token.value)
        raise UnreadableError(token.value)

    def _signed(self, sign: str) -> Node:
        inner = self._postfix()
        if sign == "-" and isinstance(inner, Literal) and inner.text is not None:
            return Literal(f"-{inner.text}")
        return Call(sign, (inner,))

    def _word(self, word: str) -> Node:
        if word in CONSTANTS or word == "NULL":
            return Literal(CONSTANTS.get(word))
        if word == "CASE":
            return self._case()
        if word == "ARRAY":
            self._expect("[")
            return Call("ARRAY", self._listed("]"))
        return self._named(word)

    def _named(self, name: str) -> Node:
        while [t.value for t in self._tokens[self._place : self._place + 3 : 2]] == [".", "("]:
            self._take()
            name = self._take().value
        if self._next == Token(Sort.SIGN, "("):
            return Call(name.lower(), self._arguments())
        return Name(name)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        while self._next.value in ("BOTH", "LEADING", "TRAILING", "FROM", "VARIADIC"):
            self._take()
        return self._listed(")")

    def _listed(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._has(end):
            found.append(self.expression(0))
            if not any(self._has(word) for word in (",", "FROM", "IN", "FOR", "PLACING")):
                self._expect(end)
                break
        return tuple(found)

    def _case(self) -> Node:
        """CASE as the OR of its branches, each under its condition and the NOT of those before."""
        operand = None if self._has("WHEN") else self.expression(0)
        if operand is not None:
            self._expect("WHEN")
        branches: list[Node] = []
        before: list[Node] = []
        while True:
            condition = self.expression(0)
            if operand is not None:
                condition = Call("=", (operand, condition))
            self._expect("THEN")
            branches.append(_all(*before, condition, self.expression(0)))
            before.append(Call("NOT", (condition,)))
            if not self._has("WHEN"):
                break
        if self._has("ELSE"):
            branches.append(_all(*before, self.expression(0)))
        self._expect("END")
        node = branches[0]
        for branch in branches[1:]:
            node = Call("OR", (node, branch))
        return node

    def _type(self) -> None:
        """Reads over a type's name: nothing here depends on it."""
        self._qualified()
        while True:
            if self._next.sort is Sort.WORD and self._next.value in TYPE_WORDS:
                self._take()
            elif self._next == Token(Sort.SIGN, "("):
                self._arguments()
            elif not (self._has("[", "]")):
                return

    def _qualified(self) -> None:
        self._take()
        while self._has("."):
            self._take()


TESTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("IS", "NOT", "NULL"), "IS NOT NULL"),
    (("IS", "NULL"), "IS NULL"),
    (("IS", "NOT", "TRUE"), "IS NOT TRUE"),
    (("IS", "TRUE"), "IS TRUE"),
    (("IS", "NOT", "FALSE"), "IS NOT FALSE"),
    (("IS", "FALSE"), "IS FALSE"),
    (("IS", "NOT", "DISTINCT", "FROM"), "IS NOT DISTINCT"),
    (("IS", "DISTINCT", "FROM"), "IS DISTINCT"),
)


def _all(*nodes: Node) -> Node:
    node = nodes[0]
    for other in nodes[1:]:
        node = Call("AND", (node, other))
    return node
