"""How long the round trip takes, beside a stairway and others' tools; see docs/explanation/performance.md."""
