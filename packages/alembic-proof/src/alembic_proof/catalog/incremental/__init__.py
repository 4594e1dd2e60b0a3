"""Read a catalog again fast: only the objects that changed since the last reading are read.

Only `CatalogReader` uses this package. A reading runs through it in this order:

reader_queries: the round trips to the server, and their answers as values.
changes_function: the SQL function that reports what changed (changed_rows, object_rows,
    temp_function are its parts).
snapshot: decides whether the report suffices, and asks for the rows that are missing.
cache: replaces the rows and objects that changed.
"""
