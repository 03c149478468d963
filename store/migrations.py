"""Brings a database to this program's schema when it is opened. Alembic is imported only when there is work to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text

from store.errors import SchemaMismatch

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"  # the newest file in `versions/`; a test holds the two together
_HERE = Path(__file__).parent


def migrate(engine: Engine) -> None:
    """Raise the schema to `HEAD` in one transaction; two processes opening at once do it once.

    Raises `SchemaMismatch` when the database was made by a newer program."""
    found = _version(engine)
    if found == HEAD:
        return
    from alembic import command
    from alembic.util.exc import CommandError

    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaMismatch(
                f"The database has schema {found}, which this version of the program (schema {HEAD}) does not know."
            ) from error


def alembic_config() -> Config:
    """Where the versions are; whoever upgrades with it adds the connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / "alembic").replace("%", "%%"))
    config.set_main_option("version_locations", str(_HERE / "versions").replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
