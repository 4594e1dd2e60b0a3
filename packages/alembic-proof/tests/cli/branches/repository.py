"""A git repository with a tiny history, of which the remote's main branch has the first part."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
_REVISION = '''\
"""View {revision}.

Revision ID: {revision}
Revises: {parent}
Create Date: 2026-01-07 09:00:00

"""

from alembic import op

revision = "{revision}"
down_revision = {down}
{lines}

def upgrade() -> None:
    op.execute("CREATE VIEW public.view_{revision} AS SELECT 1 AS one")


def downgrade() -> None:
    op.execute("DROP VIEW public.view_{revision}")
'''


@dataclass(frozen=True, slots=True)
class Repository:
    """The checkout in the working directory, on the branch `topic`."""

    root: Path

    def git(self, *arguments: str) -> str:
        """Run git with a neutral user name; return its output."""
        done = subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str = "work") -> None:
        """Commit all changes."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def merge_into_main(self, branch: str = "main") -> None:
        """Let the remote's main branch be here."""
        self.git("update-ref", f"refs/remotes/origin/{branch}", "HEAD")

    def add(self, revision: str, *, after: str | None, stamp: str, lines: str = "") -> Path:
        """Write a revision that makes and drops a view of its own name."""
        path = self.versions / f"{stamp}_view_{revision}.py"
        text = _REVISION.format(
            revision=revision, parent=after or "", down=f'"{after}"' if after else None, lines=lines
        )
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def versions(self) -> Path:
        """The directory of revisions."""
        return self.root / "versions"

    def path(self, revision: str) -> Path:
        """Return the one file of a revision."""
        [path] = (one for one in self.versions.glob("*.py") if f'"{revision}"' in _assigned(one))
        return path

    def edit(self, revision: str, old: str, new: str) -> None:
        """Replace a text of a revision's file."""
        path = self.path(revision)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> dict[str, str]:
        """Return the files in the directory of revisions, hidden ones included."""
        return {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(self.versions.iterdir())
            if path.is_file()
        }


def _assigned(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if line.startswith("revision")), "")
