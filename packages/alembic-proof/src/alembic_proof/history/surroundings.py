"""What a project's code finds around it while its env.py runs, as under its own command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from alembic_proof.history.flask_app import flask_context
from alembic_proof.history.given_url import url_for_env, url_parts
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config


@contextmanager
def surroundings(project: AlembicProject, *, url: str) -> Iterator[None]:
    """Set the environment variables to `url` or its parts, and enter the Flask app's context.

    A project may read its settings when it is imported, and a revision may import the project:
    so this comes before the history is loaded.

    Raises:
        ConfigError: an app that cannot be made.
    """
    given = url_for_env(project, alembic_config(project), url=url)
    with ExitStack() as stack:
        if project.route.variable is not None:
            stack.enter_context(_variable(project.route.variable, given))
        parts = url_parts(url)
        for part, variable in project.route.parts_variables:
            stack.enter_context(_variable(variable, parts[part]))
        if project.flask_app is not None:
            stack.enter_context(flask_context(project.flask_app, url=given))
        yield


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before
