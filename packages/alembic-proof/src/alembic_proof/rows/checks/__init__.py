"""Values that satisfy a table's CHECK constraints, read from the expressions that define them."""
