"""Values of each type; `registry.value_source` finds them."""
