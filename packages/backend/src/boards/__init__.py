"""Boards' data layer."""
