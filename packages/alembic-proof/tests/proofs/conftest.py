"""Fixtures of the proofs' tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alembic_proof.postgres.connect import run_on
from alembic_proof.proofs import RowPlan

from .site import Site, Visit


@pytest.fixture
def visit(scratch_url: str) -> Visit:
    """Runs a test's body on a fresh site."""

    def visit_(body: Callable[[Site], None], **plan: object) -> None:
        run_on(scratch_url, lambda connection: body(Site(connection, RowPlan(**plan))))  # type: ignore[arg-type]  # each test names its own

    return visit_
