"""Histories that nobody here wrote, proved as they were released."""
