"""The kinds that a change can be of; there are no others."""

from __future__ import annotations

from alembic_proof.catalog.diff import ORDER_OF_COLUMNS
from alembic_proof.catalog.queries import SELECTS

KINDS = tuple(sorted({ORDER_OF_COLUMNS, *(kind for one in SELECTS for kind in one.kinds)}))
