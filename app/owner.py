"""One owner process per data folder: it runs the turns and holds Qdrant, ClickHouse and the models."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from store.errors import LogUnavailable


class Owned(RuntimeError):
    """Another process owns the data folder."""


def owner_of(data: Path) -> int | None:
    """The process at work in a data folder, if one is. Only looks: a lock, however short, could turn away a start."""
    try:
        pid = int((data / "owner.lock").read_text(encoding="utf-8").rpartition(" ")[2])
    except (OSError, ValueError):  # no file yet, or nobody is at work
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:  # it was killed
        return None
    except PermissionError:
        return pid
    return pid


class OwnerLock:
    """An advisory lock on `<data>/owner.lock`; it goes with the process, however that ends."""

    def __init__(self, data: Path) -> None:
        self._path = data / "owner.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> OwnerLock:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise LogUnavailable(f"The data folder {self._path.parent} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise Owned(
                f"another lee ({holder}) is working in {self._path.parent}; wait for it, or use another LEE_DATA"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}")
        file.flush()
        self._file = file
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
