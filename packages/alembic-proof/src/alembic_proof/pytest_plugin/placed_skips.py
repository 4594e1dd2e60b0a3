"""Skipped items name the revision's file: that is where somebody has to look."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from alembic_proof.pytest_plugin.items import ProofItem


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Put the item's place where pytest has put the line of ours that skipped it."""
    report = yield
    if isinstance(item, ProofItem) and isinstance(report.longrepr, tuple):
        path, line, _ = item.reportinfo()
        report.longrepr = (str(path), line + 1, report.longrepr[2])
    return report
