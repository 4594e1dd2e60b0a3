"""The tables and columns, written down once more as the domain describes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_proof.catalog import Catalog, key
from boards import dbmodels
from boards.dbmodels import Base, naming_convention, target_metadata

# "name?" may be NULL, "name={}" has that default; id, tenant_id and times are the house rules'.
COLUMNS = {
    "tenants": "name slug settings={}",
    "users": "auth_provider auth_subject email? display_name? avatar_url? metadata={}",
    "provider_configs": "provider_name config is_enabled=true",
    "boards": "owner_id title description? is_public=false settings={} metadata={}",
    "board_members": "board_id user_id role invited_by? joined_at=now()",
    "generations": "board_id user_id generator_name artifact_type input_params status=pending "
    "storage_url? thumbnail_url? additional_files=[] output_metadata={} external_job_id? "
    "progress=0 error_message? started_at? completed_at?",
    "generation_inputs": "generation_id position input_generation_id role",
    "credit_transactions": "user_id transaction_type amount balance_after generation_id? "
    "description? metadata={}",
    "lora_models": "user_id name base_model storage_url config trigger_word? is_public=false "
    "metadata={}",
    "tags": "name slug description? metadata={}",
    "generation_tags": "generation_id tag_id",
}
COMMON = {"id", "tenant_id", "created_at", "updated_at"}


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_are_the_domain_s(table: str, models_catalog: Catalog) -> None:
    """Names, order, nullability and defaults of the columns are the domain's."""
    assert described(table, models_catalog) == COLUMNS[table].split()


def test_description_tells_columns_apart(models_catalog: Catalog) -> None:
    """A nullable column and one with a default are written otherwise than a plain one."""
    words = described("users", models_catalog)

    assert "email?" in words
    assert "metadata={}" in words
    assert "auth_subject" in words


def described(table: str, catalog: Catalog) -> list[str]:
    """The table's own columns in physical order, in the notation of COLUMNS."""
    record = catalog.find(key("table", f"public.{table}"))
    assert record is not None
    order = (record.fact("column order") or "").split(", ")
    return [word(table, name, catalog) for name in order if name not in COMMON]


def word(table: str, name: str, catalog: Catalog) -> str:
    """One column in the notation of COLUMNS."""
    record = catalog.find(key("column", f"public.{table}.{name}"))
    assert record is not None
    default = (record.fact("default") or "").partition("::")[0].strip("'")
    is_nullable = record.fact("nullability") != "NOT NULL"
    return name.strip('"') + ("?" if is_nullable else "") + (f"={default}" if default else "")


def test_tables_are_all_there() -> None:
    """The metadata holds the eleven tables of the ten aggregates and no other."""
    assert set(target_metadata.tables) == set(COLUMNS)


def test_documentation_names_every_table() -> None:
    """The page on the models has a row for each table, and none for a table that is not."""
    page = (Path(__file__).parents[4] / "docs" / "models.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(COLUMNS)


def test_everything_is_exported() -> None:
    """`boards.dbmodels` exports every model, the base, the convention and the metadata."""
    models = {mapper.class_.__name__ for mapper in Base.registry.mappers}

    assert set(dbmodels.__all__) == models | {"Base", "naming_convention", "target_metadata"}
    assert all(hasattr(dbmodels, name) for name in dbmodels.__all__)


def test_metadata_uses_the_naming_convention() -> None:
    """The exported convention is the metadata's: its patterns name what the models leave unnamed."""
    assert naming_convention.items() <= dict(target_metadata.naming_convention).items()
