"""The values of each type: one file for each family, found by the registry."""
