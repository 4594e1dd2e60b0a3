"""One rule, one file; a module's RULE is its registration."""
