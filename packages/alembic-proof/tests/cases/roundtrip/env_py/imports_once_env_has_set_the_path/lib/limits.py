"""What the revision imports; its directory is on no path before env.py runs."""

LONGEST_NAME = 5
