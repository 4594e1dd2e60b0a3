"""What a tool writes for a schema that did not change: it is taken out of its other revisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op_text
from alembic.operations import ops


@dataclass(slots=True)
class Noise:
    """The operations of an unchanged schema, collected first and left out afterwards."""

    texts: set[str] = field(default_factory=set)
    is_complete: bool = False

    def directives(
        self, context: Any, _revision: Any, directives: list[ops.MigrationScript]
    ) -> None:
        """Collect the script's operations, or remove those that were collected."""
        rendering = AutogenContext(context, opts={**_OPTIONS, **context.opts})
        for script in directives:
            for container in (script.upgrade_ops, script.downgrade_ops):
                if container is not None:
                    self._treat(container, rendering)

    def _treat(self, container: ops.OpContainer, context: AutogenContext) -> None:
        kept: list[ops.MigrateOperation] = []
        for operation in container.ops:
            if isinstance(operation, ops.ModifyTableOps):
                self._treat(operation, context)
                kept += [operation] if operation.ops else []
                continue
            text = "\n".join(render_op_text(context, operation))
            if not self.is_complete:
                self.texts.add(text)
            elif text not in self.texts:
                kept.append(operation)
        if self.is_complete:
            container.ops[:] = kept


_OPTIONS = {
    "sqlalchemy_module_prefix": "sa.",
    "alembic_module_prefix": "op.",
    "user_module_prefix": None,
    "render_as_batch": False,
    "render_item": None,
}
