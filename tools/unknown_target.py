"""Says that make has no such target, and which one was probably meant; always fails."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import Path


def main(makefile: str, name: str) -> int:
    """Return 2, after one line on standard error."""
    text = Path(makefile).read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):.*## ", text, re.MULTILINE)
    hints = [f"did you mean `make {near}`?" for near in get_close_matches(name, targets, n=1)]
    said = " ".join([f"there is no target {name!r};", *hints, "`make` lists the targets"])
    print(said, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
