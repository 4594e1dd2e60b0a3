"""The settings under which PostgreSQL renders definitions, the same for every reading.

Source: runtime-config-client, "Locale and Formatting"; runtime-config-compatible.
"""

from __future__ import annotations

from collections.abc import Mapping

EMPTY_SEARCH_PATH = "pg_catalog, pg_temp"
"""The search_path under which PostgreSQL qualifies the name of every user object.

Without pg_temp at the end, temporary tables would come first and hide a type of the same name.
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
RENDERING_SETTINGS: Mapping[str, str] = {"search_path": EMPTY_SEARCH_PATH, **_FORMATS}
"""Name and value; a reading sets them until its transaction ends."""

_NOW = "concat_ws('|', {})".format(", ".join(f"current_setting('{name}')" for name in _FORMATS))
_WANTED = "|".join(_FORMATS.values())
SET_RENDERING_SETTINGS = f"""ignored := set_config('search_path', '{EMPTY_SEARCH_PATH}', true);
    IF {_NOW} <> '{_WANTED}' THEN
        ignored := concat({", ".join(f"set_config('{n}', '{v}', true)" for n, v in _FORMATS.items())});
    END IF;"""
"""The PL/pgSQL statements that set them; most sessions have all but the search_path already."""
