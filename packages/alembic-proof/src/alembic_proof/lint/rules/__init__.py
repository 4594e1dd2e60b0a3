"""The lint rules, one file for each: the module's `RULE` is its registration.

To add a rule, copy a short one such as `missing_upgrade`. The file's name is the id of the rule with
underscores. The tests prove that the `bad` example has findings of this rule only and that the `good`
one has none. `alembic-proof explain --markdown` prints docs/reference/findings.md.
"""
