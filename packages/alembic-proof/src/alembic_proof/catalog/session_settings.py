"""The settings of a session that outlive a transaction and change what later statements do.

Source: runtime-config-client, "Statement Behavior"; sql-set.
"""

from __future__ import annotations

SESSION_SETTINGS = (
    # The role comes first: it decides whether the other settings may be changed.
    *("session_authorization", "role"),
    *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"),
    *("transaction_timeout", "idle_session_timeout"),
    *("search_path", "session_replication_role", "row_security", "check_function_bodies"),
    *("default_transaction_read_only", "default_transaction_isolation"),
    *("default_transaction_deferrable", "default_tablespace", "default_table_access_method"),
    *("TimeZone", "DateStyle", "IntervalStyle", "standard_conforming_strings"),
)
"""Their names; older servers do not have all of them."""

SESSION_SETTINGS_SQL = "jsonb_build_array({values})::text".format(
    values=", ".join(f"current_setting('{name}', true)" for name in SESSION_SETTINGS)
)
"""The expression of their current values as a JSON array; null for a setting that is unknown."""
