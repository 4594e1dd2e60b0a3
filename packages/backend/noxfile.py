"""The sessions of the checkout's noxfile.py, from this directory as well."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

os.chdir(ROOT)  # the sessions name their files from there
runpy.run_path(str(ROOT / "noxfile.py"))
