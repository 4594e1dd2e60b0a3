"""The findings about settings and baselines."""

from __future__ import annotations

from alembic_proof.finding import Severity
from alembic_proof.findings.entry import Entry, SourceFile, settings, shell

_ROWS = SourceFile("pyproject.toml", '[tool.alembic-proof]\nrows = "example_rows:rows"\n')
_WRITE = "alembic-proof lint --write-baseline known.json"
_READ = "alembic-proof lint --baseline known.json"
_KNOWN = """\
{
  "format": 1,
  "findings": [
    {
      "proof": "lint",
      "revision": "0001",
      "rule": "empty-downgrade",
      "direction": "",
      "message": "downgrade() does nothing"
    }
  ]
}
"""
_EMPTY = '{"format": 1, "findings": []}\n'
_NO_DOWNGRADE = SourceFile(
    "0002_example.py",
    'from alembic import op\n\nrevision = "0002"\ndown_revision = "0001"\n\n\n'
    "def upgrade() -> None:\n    op.execute(\"COMMENT ON TABLE notes IS 'empty'\")\n\n\n"
    "def downgrade() -> None:\n    pass\n",
)


def _rows(text: str) -> SourceFile:
    return SourceFile("example_rows.py", f"def rows():\n    return {text}\n")


SETTINGS_FINDINGS = (
    Entry(
        id="ignores-nothing",
        title="Pattern of `ignore` that matches no change",
        severity=Severity.NOTE,
        what_happens="An entry of the setting `ignore` matched no change in this run.",
        what_to_do="Delete it, or correct its kind and name.",
        bad=(settings('ignore = ["index:public.ix_nots_*"]'),),
        good=(settings("ignore = []"),),
    ),
    Entry(
        id="names-no-table",
        title="Setting that names a table that no revision creates",
        severity=Severity.WARNING,
        what_happens=(
            "`without_rows` or `rows` names a table that no revision creates. It is a note if revisions "
            "are skipped."
        ),
        what_to_do="Correct the name, or delete it.",
        bad=(settings('without_rows = ["nots"]'),),
        good=(settings('without_rows = ["notes"]'),),
    ),
    Entry(
        id="names-no-column",
        title="Supplied row with a column that no revision creates",
        severity=Severity.WARNING,
        what_happens=(
            "`rows` supplies a value for a column that no revision creates. It is a note if "
            "revisions are skipped."
        ),
        what_to_do="Correct the name, or delete it.",
        bad=(_ROWS, _rows('{"notes": [{"titel": "a"}]}')),
        good=(_ROWS, _rows('{"notes": [{"title": "a"}]}')),
    ),
    Entry(
        id="in-the-baseline",
        title="Findings that the baseline accepts",
        severity=Severity.NOTE,
        what_happens="Findings that the file of `--baseline` accepts are counted and not shown.",
        what_to_do="Nothing, or correct one of them and write the baseline again.",
        bad=(_NO_DOWNGRADE, shell(_WRITE, _READ)),
        good=(shell(_WRITE, _READ),),
    ),
    Entry(
        id="baseline-outdated",
        title="Finding of the baseline that does not occur any more",
        severity=Severity.NOTE,
        what_happens=(
            "The baseline accepts a finding that this run did not have. If the mistake comes back, "
            "it would be accepted."
        ),
        what_to_do="Write the baseline again with --write-baseline.",
        bad=(SourceFile("known.json", _KNOWN), shell(_READ)),
        good=(SourceFile("known.json", _EMPTY), shell(_READ)),
    ),
    Entry(
        id="baseline-written",
        title="Baseline that was written",
        severity=Severity.NOTE,
        what_happens="`--write-baseline` wrote the file; the note says how many findings it accepts.",
        what_to_do="Commit the file.",
        bad=(shell(_WRITE),),
        good=(SourceFile("known.json", _EMPTY), shell(_READ)),
    ),
    Entry(
        id="baseline-not-written",
        title="Baseline that could not be written",
        what_happens=(
            "The file of `--write-baseline` could not be written after the proof, for example "
            "because the disk is full. The findings are reported."
        ),
        what_to_do="Correct the cause that the finding names, and write it again.",
        bad=(shell("ulimit -f 0", _WRITE),),
        good=(shell(_WRITE),),
    ),
)
