"""The log of a database and nothing else of it: for an auditor, who holds no key, owns no lock and changes no byte."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from audit.entry import StoredEntry
from store.dialects import engines, known, unavailable
from store.errors import LogUnavailable
from store.log import read_entries


@contextmanager
def reading_log(url: str) -> Generator[Iterator[StoredEntry]]:
    """Every entry, in order, in one consistent view. The database is neither made nor migrated.

    Raises `LogUnavailable` when there is none or it cannot be read, ValueError for a URL of another kind."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            yield read_entries(connection)
    except UnicodeDecodeError as error:  # SQLite quotes the damaged bytes of its own schema
        raise LogUnavailable("The log cannot be read: the file is damaged.") from error
    except DBAPIError as error:
        reason = unavailable(error) or "it is not a database of this program"
        raise LogUnavailable(f"The log cannot be read: {reason}.") from error
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    parsed = known(url)
    if parsed.get_backend_name() != "sqlite":
        return engines(url)[2]
    path = Path(str(parsed.database))
    try:
        path.open("rb").close()
    except OSError as error:
        raise LogUnavailable(f"The log in {path} cannot be read: {error.strerror}.") from error
    # A log beside which no -wal file lies is whole in itself, and may lie where nothing can be written.
    alone = not path.with_name(f"{path.name}-wal").exists()
    options = "mode=ro&immutable=1&uri=true" if alone else "mode=ro&uri=true"
    return create_engine(f"sqlite:///file:{quote(str(path.resolve()))}?{options}")
