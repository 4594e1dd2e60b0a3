"""An env.py that says where it was sent, and never comes back."""

import time
from pathlib import Path

from alembic import context

Path("url.txt").write_text(context.config.attributes["url"], encoding="utf-8")
time.sleep(60)
