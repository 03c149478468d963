"""Where the index is, which engine holds it, and the lock on its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import portalocker

from knowledge.errors import IndexBusy, IndexUnavailable

Engines = Literal["edge", "python"]


@dataclass(frozen=True)
class Location:
    """Exactly one of `folder` and `url`. `api_key` is for a server that wants one, `engine` for a folder: `edge` is
    Qdrant's own in Rust, `python` the exact scan that qdrant-client brings."""

    folder: Path | None = None
    url: str | None = None
    api_key: str | None = None
    engine: Engines = "edge"

    def __post_init__(self) -> None:
        if (self.folder is None) == (self.url is None):
            raise ValueError("an index is either in a folder or on a server: give one of folder and url")

    def __str__(self) -> str:
        return str(self.folder) if self.folder is not None else str(self.url)


class FolderLock:
    """Held from construction to `close`. Taken before an engine reads the folder: their own locks come later, and leave
    files open. Raises `IndexBusy`, `IndexUnavailable`."""

    def __init__(self, folder: Path) -> None:
        self._handle: IO[str] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = (folder / "owner.lock").open("a", encoding="utf-8")
        except OSError as error:
            raise IndexUnavailable(str(folder), first_line(error)) from error
        try:
            portalocker.lock(handle, portalocker.LockFlags.EXCLUSIVE | portalocker.LockFlags.NON_BLOCKING)
        except portalocker.exceptions.LockException as error:
            handle.close()
            raise IndexBusy(str(folder)) from error
        self._handle = handle

    def close(self) -> None:
        if self._handle is not None:
            portalocker.unlock(self._handle)
            self._handle.close()
            self._handle = None


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
