"""How the database comes to be: Alembic's revisions are the single source.

`upgrade` creates or upgrades; a database that a newer program has upgraded is refused, because
this one would read it wrongly. Revisions say what to do, never import `schema`, and never
change once released; `tests/cloud/storage/test_migrations.py` holds the sum against `schema`.
"""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from bayward.core.errors import Misconfigured

_HERE = "bayward.cloud.storage:migrations"


def head() -> str:
    """The revision this program works with."""
    found = _scripts().get_current_head()
    assert found is not None, "the revisions have exactly one head"
    return found


def upgrade(connection: sa.Connection) -> None:
    """Bring the database to `head`, in one transaction.

    Raises `Misconfigured("database.newer")` when it was written by a newer program.
    """
    scripts = _scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise Misconfigured("database.newer", found=found, known=head())
    if found == head():
        return

    def steps(current: str, context: MigrationContext) -> list[RevisionStep]:
        del context
        return list(scripts._upgrade_revs("head", current))  # noqa: SLF001 - Alembic's own commands

    with EnvironmentContext(_config(), scripts, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _HERE)
    return config


@cache  # reading the folder takes twenty times as long as looking at the database
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
