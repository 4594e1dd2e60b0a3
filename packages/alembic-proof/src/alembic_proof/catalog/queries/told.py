"""What there is to say of some objects: of each catalog only the SELECTs that can find something."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from alembic_proof.catalog.queries import SAYINGS, SELECTS, branches, listed
from alembic_proof.catalog.queries.columns import COLUMNS, NOT_NULL, NOT_NULL_COMMENT
from alembic_proof.catalog.queries.constraints import INDEXES
from alembic_proof.catalog.queries.frame import is_users
from alembic_proof.catalog.queries.live import LIVE
from alembic_proof.catalog.queries.moved import is_in
from alembic_proof.catalog.queries.relations import INHERITS, RELATIONS, REPLICA_INDEX
from alembic_proof.catalog.queries.routine import GUARDED, Routine, when
from alembic_proof.catalog.queries.sayings import COMMENTS, SECURITY_LABELS
from alembic_proof.catalog.queries.sequences import IDENTITIES, SEQUENCES
from alembic_proof.catalog.select import Saying, Select

_ONLY = "({oid}) = ANY (oids)"
_OF_KINDS = {
    "{r,p,v,m,f,c}": (RELATIONS, COLUMNS, NOT_NULL, REPLICA_INDEX),
    "{S}": (SEQUENCES, IDENTITIES),
    "{i,I}": (INDEXES,),
}
"""What is said of relations, by their relkinds."""
_IF_ANY = {
    "SELECT FROM pg_inherits": (INHERITS,),
    f"SELECT FROM pg_description WHERE {is_users('objoid')}": (COMMENTS, NOT_NULL_COMMENT),
    "SELECT FROM pg_seclabel": (SECURITY_LABELS,),
}
"""What few databases have: it is looked for before it is read."""


@cache
def told_routine(*, major: int) -> Routine:
    """The function that tells of the objects with these OIDs in these catalogs, as JSON text."""
    return Routine(
        name="told",
        parameters={"catalogs": "oid[]", "oids": "oid[]"},
        results={"said": "text"},
        variables={"kinds": '"char"[]'},
        body="\n".join((f"    {GUARDED}", *_pieces(major), "    said := concat('[', said, ']');")),
    )


def _pieces(major: int) -> Iterator[str]:
    yield when(
        is_in("pg_class", "catalogs"),
        "kinds := ARRAY(SELECT DISTINCT c.relkind FROM pg_class AS c WHERE c.oid = ANY (oids));",
        *(
            when(f"kinds && '{kinds}'", _say(some, major=major))
            for kinds, some in _OF_KINDS.items()
        ),
    )
    for catalog in LIVE:
        if some := tuple(_others(catalog)):
            yield when(is_in(catalog, "catalogs"), _say(some, major=major))
    for any_, some in _IF_ANY.items():
        yield when(f"EXISTS ({any_})", _say(some, major=major))


def _others(catalog: str) -> Iterator[Select | Saying]:
    """What is said of the objects of one catalog and of no other."""
    if catalog != "pg_class":
        yield from (select for select in SELECTS if select.reads == catalog)
        yield from (saying for saying in SAYINGS if saying.about == (catalog,))


def _say(some: tuple[Select | Saying, ...], *, major: int) -> str:
    sql = listed(branches(some, major=major, only=_ONLY))
    return f"said := concat_ws(',', nullif(said, ''), ({sql}));"
