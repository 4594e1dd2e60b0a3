"""List make's targets, each with the docstring of its nox session; suggest one for an unknown target.

python tools/targets.py            # list the targets
python tools/targets.py rountrip   # there is no target 'rountrip'; did you mean `make roundtrip`? …
"""

from __future__ import annotations

import ast
import re
import sys
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TARGET = re.compile(r"^([a-z]+):[^\n]*?##[ \t]*([^\n]*)\n((?:\t[^\n]*\n)*)", re.MULTILINE)
_SESSION = re.compile(r"-s ([a-z]+)")


def main(arguments: list[str]) -> int:
    """Return 0 after the list, 2 after the error."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [(name, words, recipe) for name, words, recipe in _TARGET.findall(makefile)]
    if not arguments:
        sessions = _docstrings((ROOT / "noxfile.py").read_text(encoding="utf-8"))
        for name, words, recipe in targets:
            print(f"  make {name:<10} {_description(words, recipe, sessions)}")
        return 0
    near = get_close_matches(arguments[0], [name for name, _, _ in targets], n=1)
    hints = [f"did you mean `make {name}`?" for name in near]
    said = " ".join([f"there is no target {arguments[0]!r};", *hints, "`make` lists the targets"])
    print(said, file=sys.stderr)
    return 2


def _description(words: str, recipe: str, sessions: dict[str, str]) -> str:
    """Return the session's sentence and the target's variables, or the target's own words."""
    found = _SESSION.search(recipe)
    if found is None:
        return words
    return f"{sessions[found[1]]}{f' ({words})' if words else ''}"


def _docstrings(noxfile: str) -> dict[str, str]:
    """Return each session's sentence, without nox's own options, which stand in parentheses."""
    functions = [node for node in ast.parse(noxfile).body if isinstance(node, ast.FunctionDef)]
    return {
        function.name.rstrip("_"): (ast.get_docstring(function) or "")
        .partition(" (`")[0]
        .rstrip(".")
        for function in functions
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
