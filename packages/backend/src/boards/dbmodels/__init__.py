"""Boards' models: the source of truth for its schema, with triggers, policies and grants.

`target_metadata.create_all()` builds the whole database, roles and extension included. A table that
lacks what every table of a tenant has is refused here, when the models are imported, and so is a
module that is not imported below.
"""

from __future__ import annotations

import sys

import boards.dbmodels.functions  # noqa: F401 - hangs itself on the metadata
from boards.dbmodels.base import Base, naming_convention, target_metadata
from boards.dbmodels.board_members import BoardMember
from boards.dbmodels.boards import Board
from boards.dbmodels.credit_transactions import CreditTransaction
from boards.dbmodels.generation_inputs import GenerationInput
from boards.dbmodels.generations import Generation
from boards.dbmodels.lora_models import LoraModel
from boards.dbmodels.provider_configs import ProviderConfig
from boards.dbmodels.rules import check_models, check_modules
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

check_modules(sys.modules[__name__])
check_models(Base)
