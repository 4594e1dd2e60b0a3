"""Boards' models: the source of truth for its schema, with triggers, policies and grants.

`target_metadata.create_all()` builds the whole database; only the role `boards_app`, which belongs to
the cluster, must exist. A class that lacks something that every table of a tenant has, and a module
that is not imported below, are refused when this package is imported.
"""

from __future__ import annotations

import sys

from boards.dbmodels.base import Base, naming_convention, target_metadata
from boards.dbmodels.board_members import BoardMember
from boards.dbmodels.boards import Board
from boards.dbmodels.credit_transactions import CreditTransaction
from boards.dbmodels.generation_inputs import GenerationInput
from boards.dbmodels.generations import Generation
from boards.dbmodels.lora_models import LoraModel
from boards.dbmodels.provider_configs import ProviderConfig
from boards.dbmodels.rules import refuse_unimported_modules
from boards.dbmodels.schema_objects import register_schema_objects
from boards.dbmodels.tags import GenerationTag, Tag
from boards.dbmodels.tenants import Tenant
from boards.dbmodels.users import User

__all__ = [
    "Base",
    "Board",
    "BoardMember",
    "CreditTransaction",
    "Generation",
    "GenerationInput",
    "GenerationTag",
    "LoraModel",
    "ProviderConfig",
    "Tag",
    "Tenant",
    "User",
    "naming_convention",
    "target_metadata",
]

register_schema_objects(target_metadata)
refuse_unimported_modules(sys.modules[__name__])
