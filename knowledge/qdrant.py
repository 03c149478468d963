"""Opening Qdrant, and telling its many failures apart: busy, unreachable, unreadable."""

import contextlib
import pickle
import sqlite3
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
import portalocker
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from knowledge.errors import IndexBusy, IndexCorrupt, IndexUnavailable

SERVER_TIMEOUT_SECONDS = 5
# What reading a damaged folder was seen to raise: broken JSON, wrong shapes, cut pages, cut pickles.
_UNREADABLE = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RuntimeError,
    EOFError,
    pickle.PickleError,
    sqlite3.DatabaseError,
)


@dataclass(frozen=True)
class Location:
    """Where the index is: exactly one of `folder` and `url`. `api_key` is for a server that wants one."""

    folder: Path | None = None
    url: str | None = None
    api_key: str | None = None

    def __post_init__(self) -> None:
        if (self.folder is None) == (self.url is None):
            raise ValueError("an index is either in a folder or on a server: give one of folder and url")

    def __str__(self) -> str:
        return str(self.folder) if self.folder is not None else str(self.url)


@dataclass
class OpenClient:
    """A client together with the lock on its folder; a server needs none."""

    client: QdrantClient
    lock: IO[str] | None = None

    def close(self) -> None:
        self.client.close()
        if self.lock is not None:
            portalocker.unlock(self.lock)
            self.lock.close()
            self.lock = None


def open_client(location: Location) -> OpenClient:
    """Open the index. Raises `IndexBusy`, `IndexCorrupt`, `IndexUnavailable`."""
    if location.url is not None:
        with speaking_of(location):
            # The compatibility check would call the server now, and only warn.
            return OpenClient(
                QdrantClient(
                    url=location.url,
                    api_key=location.api_key,
                    timeout=SERVER_TIMEOUT_SECONDS,
                    check_compatibility=False,
                )
            )
    assert location.folder is not None
    lock = _lock(location.folder)
    try:
        with warnings.catch_warnings():
            # Advice about size: the measured limits stand in docs, and a warning must not stop a search.
            warnings.simplefilter("ignore", UserWarning)
            return OpenClient(QdrantClient(path=str(location.folder / "qdrant")), lock)
    except _UNREADABLE as error:
        lock.close()
        raise IndexCorrupt(str(location), _reason(error)) from error
    except OSError as error:
        lock.close()
        raise IndexUnavailable(str(location), _reason(error)) from error


def _lock(folder: Path) -> IO[str]:
    """Take the folder before Qdrant reads it: its own lock comes after the reading, and leaves files open."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "owner.lock").open("a", encoding="utf-8")
    except OSError as error:
        raise IndexUnavailable(str(folder), _reason(error)) from error
    try:
        portalocker.lock(handle, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.exceptions.LockException as error:
        handle.close()
        raise IndexBusy(str(folder)) from error
    return handle


@contextlib.contextmanager
def speaking_of(location: Location) -> Iterator[None]:
    """Turn what the engine raises into `KnowledgeError`s; ours pass through."""
    try:
        yield
    except UnexpectedResponse as error:
        raise IndexUnavailable(str(location), f"the server answered {error.status_code}") from error
    except (ResponseHandlingException, ApiException, httpx.HTTPError, OSError) as error:
        raise IndexUnavailable(str(location), _reason(error)) from error
    except sqlite3.OperationalError as error:  # disk full, read-only folder
        raise IndexUnavailable(str(location), _reason(error)) from error
    except (sqlite3.DatabaseError, pickle.PickleError, EOFError, KeyError) as error:
        raise IndexCorrupt(str(location), _reason(error)) from error
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
        raise IndexUnavailable(str(location), "it has been closed") from error


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
