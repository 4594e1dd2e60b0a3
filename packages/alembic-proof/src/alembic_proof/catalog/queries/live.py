"""The catalogs that are followed row by row."""

from __future__ import annotations

from collections.abc import Mapping

LIVE: Mapping[str, str] = {
    "pg_class": "relkind <> 't'",
    "pg_constraint": "contype <> 'n'",
    "pg_type": "typsubscript <> 'array_subscript_handler'::regproc",
    "pg_proc": "true",
    "pg_trigger": "NOT tgisinternal",
    "pg_rewrite": "ev_type <> '1'",
    "pg_policy": "true",
}
"""And which of their rows a reading may hold."""
