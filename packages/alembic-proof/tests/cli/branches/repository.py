"""A git repository with a tiny history, of which the remote's main branch has the first part."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Repository:
    """The checkout in the working directory, on the branch `topic`."""

    root: Path

    def git(self, *arguments: str) -> str:
        """Run git as nobody in particular; its output."""
        done = subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def commit(self, message: str = "work") -> None:
        """Commit whatever there is."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def merge_into_main(self, branch: str = "main") -> None:
        """Let the remote's main branch be here."""
        self.git("update-ref", f"refs/remotes/origin/{branch}", "HEAD")

    @property
    def versions(self) -> Path:
        """The directory of revisions."""
        return self.root / "versions"

    def path(self, revision: str) -> Path:
        """The one file of a revision."""
        [path] = (one for one in self.versions.glob("*.py") if f'"{revision}"' in _assigned(one))
        return path

    def edit(self, revision: str, old: str, new: str) -> None:
        """Replace a text of a revision's file."""
        path = self.path(revision)
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> dict[str, str]:
        """What the directory of revisions holds, hidden files included."""
        return {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(self.versions.iterdir())
            if path.is_file()
        }


def _assigned(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line for line in lines if line.startswith("revision")), "")
