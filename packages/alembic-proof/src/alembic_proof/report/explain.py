"""The findings table as text: one entry, the list of all, and the page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.findings import PROOF_FINDINGS, Entry, SourceFile

_INTRODUCTION = """\
# Findings

Every finding of `alembic-proof` by its id: what happens, what to do, and an example that has the
finding beside one that has none. `alembic-proof explain ID` prints the same on a terminal. Errors
and warnings make a command exit with 1; notes do not.

This page is generated: `alembic-proof explain --markdown`.
"""


def all_entries() -> tuple[Entry, ...]:
    """Return the whole table, sorted by id."""
    from alembic_proof.lint.rule import all_rules  # imports Alembic

    return tuple(sorted((*PROOF_FINDINGS, *all_rules()), key=lambda entry: entry.id))


def find_entry(id_: str) -> Entry | None:
    """Return the entry of an id, None if there is none; no rule with another id is imported."""
    for entry in PROOF_FINDINGS:
        if entry.id == id_:
            return entry
    from alembic_proof.lint.rule import find_rule  # imports Alembic

    return find_rule(id_)


def general_help(id_: str) -> str:
    """Return what to do about a finding with this id, on one line."""
    entry = find_entry(id_)
    return " ".join(entry.what_to_do.split()) if entry else ""


def list_text(entries: Iterable[Entry]) -> str:
    """Return one line for each entry: id, usual severity, title."""
    listed = tuple(entries)
    width = max(len(entry.id) for entry in listed)
    return "\n".join(f"{one.id:<{width}}  {one.severity:<7}  {one.title}" for one in listed)


def page(entries: Iterable[Entry]) -> str:
    """Return the page in Markdown."""
    return "\n".join([_INTRODUCTION, *(f"#{section(entry)}" for entry in entries)])


def section(entry: Entry) -> str:
    """Return one entry with its examples in Markdown, which is readable on a terminal as well."""
    parts = [
        f"# {entry.id}",
        f"**{entry.title}** ({entry.severity}). {entry.what_happens}",
        f"What to do: {entry.what_to_do}",
        _examples("Bad", entry.bad),
        _examples("Good", entry.good),
        *([f"Source: <{entry.source}>"] if entry.source else []),
    ]
    return "\n\n".join(parts) + "\n"


def _examples(title: str, files: tuple[SourceFile, ...]) -> str:
    return "\n\n".join(
        f"{title}: `{file.name}`{_merged(file)}\n\n{_code(file, file.text)}" for file in files
    )


def _merged(file: SourceFile) -> str:
    """Return the file before the change, if the example is about a change."""
    if not file.merged:
        return ""
    return f", which was merged as\n\n{_code(file, file.merged)}\n\nand now is"


def _code(file: SourceFile, text: str) -> str:
    suffix = file.name.rpartition(".")[2]
    language = {"py": "python", "toml": "toml", "ini": "ini"}.get(suffix, "sh")
    return f"```{language}\n{text.rstrip()}\n```"
