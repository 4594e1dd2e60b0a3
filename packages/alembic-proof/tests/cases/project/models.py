"""No models: most cases are about their history alone."""

import sqlalchemy as sa

metadata = sa.MetaData()
