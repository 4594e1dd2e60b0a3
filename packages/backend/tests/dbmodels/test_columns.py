"""The tables and columns, written down once more as the domain describes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_proof.catalog import Catalog, key, read_catalog
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database
from boards import dbmodels
from boards.dbmodels import Base, naming_convention, target_metadata

# "name" is text, "name:type" that type; "?" may be NULL, "={}" has that default.
# id, tenant_id, created_at and updated_at are the house rules'.
COLUMNS = {
    "tenants": "name slug settings:jsonb={}",
    "users": "auth_provider auth_subject email? display_name? avatar_url? metadata:jsonb={}",
    "provider_configs": "provider_name config:jsonb is_enabled:boolean=true",
    "boards": "owner_id:uuid title description? is_public:boolean=false settings:jsonb={} "
    "metadata:jsonb={}",
    "board_members": "board_id:uuid user_id:uuid role invited_by:uuid? joined_at:timestamptz=now()",
    "generations": "board_id:uuid user_id:uuid generator_name artifact_type input_params:jsonb "
    "status=pending storage_url? thumbnail_url? additional_files:jsonb=[] "
    "output_metadata:jsonb={} external_job_id? progress:numeric(5,2)=0 error_message? "
    "started_at:timestamptz? completed_at:timestamptz?",
    "generation_inputs": "generation_id:uuid position:integer input_generation_id:uuid role",
    "credit_transactions": "user_id:uuid transaction_type amount:numeric(12,4) "
    "balance_after:numeric(12,4) generation_id:uuid? description? metadata:jsonb={}",
    "lora_models": "user_id:uuid name base_model storage_url config:jsonb trigger_word? "
    "is_public:boolean=false metadata:jsonb={}",
    "tags": "name slug description? metadata:jsonb={}",
    "generation_tags": "generation_id:uuid tag_id:uuid",
}
COMMON = {"id", "tenant_id", "created_at", "updated_at"}


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_are_the_domain_s(table: str, models_catalog: Catalog) -> None:
    """Names, order, types, nullability and defaults of the columns are the domain's."""
    assert described(table, models_catalog) == COLUMNS[table].split()


def test_description_tells_columns_apart(server_url: str) -> None:
    """Another type, another precision, NULL and a default are each written otherwise."""
    with scratch_database(server_url, label="columns") as url:
        run_on(url, lambda connection: connection.exec_driver_sql(_OTHERS))
        words = described("others", run_on(url, read_catalog))

    assert words == ["a", "b:character_varying(9)", "c:json", "d:numeric(12,2)", "e?", "f=x"]


_OTHERS = (
    "CREATE TABLE others (a text NOT NULL, b varchar(9) NOT NULL, c json NOT NULL,"
    " d numeric(12,2) NOT NULL, e text, f text NOT NULL DEFAULT 'x')"
)


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
    type_ = (record.fact("type") or "").replace("timestamp with time zone", "timestamptz")
    default = (record.fact("default") or "").partition("::")[0].strip("'")
    is_nullable = record.fact("nullability") != "NOT NULL"
    return (
        name.strip('"')
        + ("" if type_ == "text" else f":{type_.replace(' ', '_')}")
        + ("?" if is_nullable else "")
        + (f"={default}" if default else "")
    )


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
