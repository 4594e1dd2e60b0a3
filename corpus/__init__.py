"""Prove the histories of other projects as they were released."""
