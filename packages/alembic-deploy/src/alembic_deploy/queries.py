"""The relations that a query reads and changes, and the functions that it calls, from its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from alembic_deploy.statements import Token, TokenKind, fold_identifier, is_name, name_at, tokenize


class Use(StrEnum):
    """What a query does with a relation."""

    READ = "read"
    LOCK = "lock"
    """Lock the rows that it reads: FOR UPDATE, FOR SHARE."""
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class QueriedRelation:
    """A relation in a query."""

    name: str
    """As PostgreSQL reads it, qualified where the query qualifies it."""
    use: Use


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUERY_WORDS = frozenset(
    {"SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE"}
)
_END_OF_FROM = _words(
    "WHERE GROUP HAVING WINDOW ORDER LIMIT OFFSET FETCH FOR UNION INTERSECT EXCEPT RETURNING SET SELECT "
    "WHEN VALUES DEFAULT OVERRIDING"
)
_NO_ALIAS = _END_OF_FROM | _words(
    "JOIN LEFT RIGHT INNER FULL CROSS NATURAL ON USING TABLESAMPLE DO AS"
)
_LOCKING_WORDS = ("NO", "KEY", "UPDATE", "SHARE")
"""The words that may follow FOR where it locks rows."""
_NO_TARGET_AFTER = frozenset({"FOR", "KEY", "DO", "THEN", "ON", "OR", "BEFORE", "AFTER", "OF"})
"""Words before an UPDATE that is no statement."""


@dataclass(slots=True)
class _Group:
    """What is inside of a pair of parentheses, as far as it is read."""

    is_query: bool
    in_from: bool = False
    """Whether a comma is followed by another relation."""
    use: Use | None = None
    """How the relation that should follow is used."""


@dataclass(slots=True)
class _Reader:
    """Reads the tokens of a query once; a `place` is the index of a token."""

    tokens: tuple[Token, ...]
    groups: list[_Group] = field(default_factory=lambda: [_Group(is_query=True)])
    found: list[tuple[QueriedRelation, str]] = field(default_factory=list)
    """The relations, each with the name by which the query calls it."""
    locked: set[str] = field(default_factory=set)
    """The names behind FOR UPDATE OF; `*` for all."""

    def read(self) -> None:
        """Read every token."""
        place = 0
        while place < len(self.tokens):
            place = self._read_token(place)

    def _read_token(self, place: int) -> int:
        """Read what begins there; return the place behind it."""
        token, group = self.tokens[place], self.groups[-1]
        if group.use is not None and is_name(token) and not token.is_word("ONLY"):
            if token.is_word("LATERAL"):
                return place + 1
            return self._read_relation(place, group)
        match token.text.upper():
            case "(":
                self._open(place)
            case ")" if len(self.groups) > 1:
                self.groups.pop()
            case "," if group.in_from:
                group.use = Use.READ
            case _ if token.kind is TokenKind.WORD:
                self._read_keyword(place, group)
        return place + 1

    def _open(self, place: int) -> None:
        """Begin a group; one in the place of a relation holds a query or joined relations."""
        outer = self.groups[-1]
        is_query = self._word(place + 1) in _QUERY_WORDS
        is_joined = outer.use is not None and not is_query and self._word(place + 1) != ""
        outer.use = None
        inner = _Group(is_query=is_query or is_joined, in_from=is_joined)
        inner.use = Use.READ if is_joined else None
        self.groups.append(inner)

    def _read_keyword(self, place: int, group: _Group) -> None:
        before = self._word(place - 1)
        match self._word(place):
            case "FROM" if group.is_query and before != "DISTINCT":
                group.in_from, group.use = True, Use.CHANGE if before == "DELETE" else Use.READ
            case "JOIN" if group.is_query:
                group.use = Use.READ
            case "USING" if (
                group.is_query and self._word(place + 1) and not self._is_joined_by(place)
            ):
                group.in_from, group.use = True, Use.READ
            case "INTO" if before in ("INSERT", "MERGE"):
                group.use = Use.CHANGE
            case "UPDATE" if before not in _NO_TARGET_AFTER and self._word(place + 1) != "SET":
                group.use = Use.CHANGE
            case "TABLE" if before in ("", "(", "AS", "UNION", "ALL", "EXCEPT", "INTERSECT"):
                group.use = Use.READ
            case "FOR" if group.is_query and self._word(place + 1) in _LOCKING_WORDS:
                group.in_from = False
                self._read_locking(place)
            case word if word in _END_OF_FROM:
                group.in_from = False

    def _is_joined_by(self, place: int) -> bool:
        """Return whether USING is followed by columns, as in a join."""
        return self.tokens[place + 1].text == "("

    def _read_relation(self, place: int, group: _Group) -> int:
        use, group.use = group.use or Use.READ, None
        name, end = name_at(self.tokens, place)
        if end < len(self.tokens) and self.tokens[end].text == "(" and use is Use.READ:
            return end  # a function
        alias = end + 1 if self._word(end) == "AS" else end
        has_alias = alias < len(self.tokens) and is_name(self.tokens[alias])
        if has_alias and (alias > end or self._word(alias) not in _NO_ALIAS):
            called = fold_identifier(self.tokens[alias].text)
        else:
            called = name.rpartition(".")[2]
        self.found.append((QueriedRelation(name, use), called))
        return end

    def _read_locking(self, place: int) -> None:
        """Read FOR UPDATE and the like, which lock rows of all relations, or of those behind OF."""
        end = place + 1
        while self._word(end) in _LOCKING_WORDS:
            end += 1
        if self._word(end) != "OF":
            self.locked.add("*")
            return
        while end + 1 < len(self.tokens) and is_name(self.tokens[end + 1]):
            self.locked.add(fold_identifier(self.tokens[end + 1].text))
            end += 2
            if end >= len(self.tokens) or self.tokens[end].text != ",":
                break

    def _word(self, place: int) -> str:
        """Return a token in upper case; empty outside of the text."""
        return self.tokens[place].text.upper() if 0 <= place < len(self.tokens) else ""


def queried_relations(sql: str) -> tuple[QueriedRelation, ...]:
    """Return the relations of a query, in the order of its text; not those of its WITH clause.

    >>> for one in queried_relations("DELETE FROM public.tags USING users AS u WHERE u.id = by"):
    ...     print(one.use, one.name)
    change public.tags
    read users
    """
    reader = _Reader(tokenize(sql))
    reader.read()
    own = frozenset(_with_names(reader.tokens))
    return tuple(
        QueriedRelation(one.name, Use.LOCK)
        if one.use is Use.READ and not reader.locked.isdisjoint({"*", called})
        else one
        for one, called in reader.found
        if one.name not in own
    )


def _with_names(tokens: tuple[Token, ...]) -> Iterator[str]:
    """Yield the names that WITH gives to queries.

    It looks for `name [ ( columns ) ] AS [ [ NOT ] MATERIALIZED ] (`.
    """
    for place, token in enumerate(tokens):
        following = place + 1
        while following < len(tokens) and tokens[following].text.upper() in ("NOT", "MATERIALIZED"):
            following += 1
        if token.is_word("AS") and following < len(tokens) and tokens[following].text == "(":
            before = _before_parentheses(tokens, place - 1)
            if before >= 0 and is_name(tokens[before]):
                yield fold_identifier(tokens[before].text)


def _before_parentheses(tokens: tuple[Token, ...], place: int) -> int:
    """Return the place before the pair of parentheses that ends there, else the place itself."""
    depth = 0
    while place >= 0:
        depth += {")": 1, "(": -1}.get(tokens[place].text, 0)
        if depth == 0:
            return place - 1 if tokens[place].text == "(" else place
        place -= 1
    return place


_NO_FUNCTION = (
    _QUERY_WORDS
    | _END_OF_FROM
    | _words(
        "IN AS ON AND OR NOT EXISTS ANY ALL SOME FROM USING INTO OVER FILTER BY CONFLICT JOIN LATERAL THEN ELSE "
        "CASE ROW ARRAY LIKE ILIKE SIMILAR BETWEEN IS DISTINCT WITHIN PARTITION CHECK KEY UNIQUE REFERENCES "
        "NUMERIC DECIMAL VARCHAR CHAR CHARACTER VARYING BIT FLOAT TIME TIMESTAMP INTERVAL CUBE ROLLUP SETS "
        "MATERIALIZED COPY EXPLAIN"
    )
)
_HARMLESS = _words(
    "count sum min max avg array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and "
    "bool_or every row_number rank dense_rank lag lead first_value last_value coalesce nullif greatest least "
    "now clock_timestamp statement_timestamp transaction_timestamp timeofday date_trunc date_part extract age "
    "make_interval make_date to_char to_date to_timestamp to_number gen_random_uuid uuidv4 uuidv7 random abs "
    "ceil floor round trunc mod power sqrt sign lower upper initcap trim btrim ltrim rtrim length char_length "
    "octet_length left right substr substring position replace translate regexp_replace regexp_match "
    "regexp_matches split_part concat concat_ws format lpad rpad repeat reverse md5 sha256 encode decode cast "
    "array_length cardinality array_append array_remove array_to_string string_to_array unnest "
    "generate_series jsonb_build_object jsonb_build_array json_build_object json_build_array to_json to_jsonb "
    "jsonb_set jsonb_strip_nulls jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text "
    "jsonb_object_keys jsonb_typeof current_setting set_config quote_ident quote_literal pg_sleep version "
    "current_database current_schemas to_regclass hashtext overlay set_bit uuid_generate_v4 "
    "uuid_generate_v5 uuid_generate_v1 grouping pg_notify pg_advisory_lock pg_advisory_xact_lock "
    "pg_try_advisory_lock pg_try_advisory_xact_lock pg_advisory_unlock"
)
"""PostgreSQL's usual functions, which lock no relation. Source: functions."""


def locking_functions(sql: str) -> tuple[str, ...]:
    """Return the functions in a query that may lock relations, as PostgreSQL reads their names.

    Those of pg_catalog that are usual in queries lock none and are left out.
    """
    tokens = tokenize(sql)
    targets = {one.name for one in queried_relations(sql) if one.use is Use.CHANGE}
    found = dict[str, None]()
    place = 0
    while place < len(tokens):
        if not is_name(tokens[place]):
            place += 1
            continue
        name, end = name_at(tokens, place)
        before = tokens[place - 1].text.upper() if place else ""
        is_call = end < len(tokens) and tokens[end].text == "(" and before not in ("AS", ":")
        is_keyword = (
            tokens[place].kind is TokenKind.WORD and tokens[place].text.upper() in _NO_FUNCTION
        )
        is_usual = name.removeprefix("pg_catalog.") in _HARMLESS
        if is_call and not is_keyword and not is_usual and name not in targets:
            found[name] = None
        place = end
    own = frozenset(_with_names(tokens))
    return tuple(name for name in found if name not in own)
