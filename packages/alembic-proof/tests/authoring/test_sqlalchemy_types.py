"""Types that the project or another package defines, as a revision writes them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext

from alembic_proof.authoring.schema_items import type_code
from alembic_proof.authoring.sqlalchemy_types import model_type
from alembic_proof.catalog import CatalogObject, key


class Mail(sa.types.TypeDecorator[str]):
    """A type of this project's own."""

    impl = sa.String
    cache_ok = True


class Pair(sa.types.UserDefinedType[object]):
    """A type that only PostgreSQL knows."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return its name."""
        return "pair"


class Disguised(Pair):
    """A type whose text constructs another one."""

    def __repr__(self) -> str:
        return "sa.Text()"


COLUMN = CatalogObject(key("column", "public.t.p"), (("type", "public.pair"),))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> str:
    """Provide the name of a module that an installed package has."""
    module = ModuleType("shop_types")
    module.__file__ = "/venv/lib/site-packages/shop_types.py"
    monkeypatch.setitem(sys.modules, "shop_types", module)
    return module.__name__


def code(type_: sa.types.TypeEngine[Any], **options: object) -> str:
    """Return the type as Python, under these options of env.py."""
    given = {"sqlalchemy_module_prefix": "sa.", "user_module_prefix": None, **options}
    context = MigrationContext.configure(dialect_name="postgresql", opts=given)
    return type_code(type_, AutogenContext(context, opts=given))


def test_a_type_of_the_project_is_written_as_what_it_decorates(
    monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    """A revision that imports the project breaks with it; env.py may name a module that does not."""
    assert code(Mail(50)) == "sa.String(length=50)"
    assert code(Mail(50), user_module_prefix="types.") == "types.Mail(length=50)"

    monkeypatch.setattr(Mail, "__module__", installed)
    assert code(Mail(50)) == "shop_types.Mail(length=50)"


def test_only_a_type_that_its_text_constructs_is_taken_from_the_models(
    monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    """Else the column is added by SQL."""
    assert model_type(sa.Column("p", Pair()), COLUMN) is None

    for one in (Pair, Disguised):
        monkeypatch.setattr(one, "__module__", installed)
    assert isinstance(model_type(sa.Column("p", Pair()), COLUMN), Pair)
    assert model_type(sa.Column("p", Disguised()), COLUMN) is None
