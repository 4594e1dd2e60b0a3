"""Servers and databases: URLs, connections, a local PostgreSQL and throwaway databases."""
