"""SQL queries that read the system catalogs, one module for each subject."""
