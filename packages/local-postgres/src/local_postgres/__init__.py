"""A real PostgreSQL for development and tests: fetched, started and found again by itself.

Public are the modules `server` (start, stop, status, reset), `scratch` (scratch databases),
`database` (a checkout's own one), `settings`, `client` and `errors`.
"""
