"""The models under their old import path and, in the plural, under their old names."""

from __future__ import annotations

import warnings

from boards.dbmodels import *  # noqa: F403
from boards.dbmodels import (
    Board,
    BoardMember,
    CreditTransaction,
    Generation,
    GenerationInput,
    GenerationTag,
    LoraModel,
    ProviderConfig,
    Tag,
    Tenant,
    User,
)

warnings.warn(
    "boards.database.models has moved: import from boards.dbmodels (the classes' names are "
    "singular there)",
    DeprecationWarning,
    stacklevel=2,
)

Tenants = Tenant
Users = User
ProviderConfigs = ProviderConfig
Boards = Board
BoardMembers = BoardMember
Generations = Generation
GenerationInputs = GenerationInput
CreditTransactions = CreditTransaction
LoraModels = LoraModel
Tags = Tag
GenerationTags = GenerationTag
