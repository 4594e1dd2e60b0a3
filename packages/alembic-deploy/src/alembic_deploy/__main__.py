"""`python -m alembic_deploy` is `alembic-deploy`."""

from __future__ import annotations

import sys

from alembic_deploy.cli import main

if __name__ == "__main__":
    sys.exit(main())
