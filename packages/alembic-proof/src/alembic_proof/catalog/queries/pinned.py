"""The settings that a reading renders its texts under, whatever the session's are.

Source: runtime-config-client, "Locale and Formatting"; runtime-config-compatible.
"""

from __future__ import annotations

from collections.abc import Mapping

NOWHERE = "pg_catalog, pg_temp"
"""The search_path under which every user's name is qualified.

Where it does not name pg_temp, that comes first, and a temporary table hides a type of its name.
"""
_FORMATS: Mapping[str, str] = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "lc_monetary": "C",
}
PINNED: Mapping[str, str] = {"search_path": NOWHERE, **_FORMATS}
"""Their values until the transaction ends."""

_NOW = "concat_ws('|', {})".format(", ".join(f"current_setting('{name}')" for name in _FORMATS))
_WANTED = "|".join(_FORMATS.values())
PIN = f"""ignored := set_config('search_path', '{NOWHERE}', true);
    IF {_NOW} <> '{_WANTED}' THEN
        ignored := concat({", ".join(f"set_config('{n}', '{v}', true)" for n, v in _FORMATS.items())});
    END IF;"""
"""Statements of a function that pin them; most sessions have them so."""
