"""The errors that end a run of the corpus before it has a result."""

from __future__ import annotations


class CorpusError(Exception):
    """A project that cannot be installed, proved or read; the message says which and why."""


class NotInstalledError(CorpusError):
    """A project whose packages cannot be had, or not on this interpreter."""
