"""A second place for the signed notes and the public key, best where neither Lee's database nor its keys can be reached
from: what is there is never changed, only continued, and it disagrees when the house's own notes were changed."""

from __future__ import annotations

import os
from pathlib import Path

from store.errors import LogTampered, LogUnavailable


def continue_copy(here: Path, there: Path, names: tuple[str, str]) -> None:
    """Append to the notes in the folder `there` what those in `here` have more, and the public key if it is not there.

    `names` are those of the notes and of the key. Raises `LogTampered` when the copy is not the beginning of the
    house's own notes, `LogUnavailable` when it cannot be reached; the note itself is signed by then."""
    notes, key = names
    try:
        there.mkdir(parents=True, exist_ok=True)
        ours, theirs = (here / notes).read_bytes(), _read(there / notes)
        public = (here / key).read_bytes()
        if _read(there / key) not in (b"", public):
            raise LogTampered(f"The copy of the checkpoints in {there} is of another log: each LEE_KEYS needs its own.")
        if not ours.startswith(theirs):
            raise LogTampered(f"The checkpoints are not those of their copy in {there}: one of the two was changed.")
        for path, found, wanted in ((there / key, _read(there / key), public), (there / notes, theirs, ours)):
            if len(found) < len(wanted):
                _append(path, wanted[len(found) :])
    except OSError as error:
        raise LogUnavailable(f"The copy of the checkpoints in {there} cannot be used: {error.strerror}.") from error


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _append(path: Path, more: bytes) -> None:
    """What a crash has torn is the beginning of the same bytes: the next time goes on from there."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    try:
        os.write(handle, more)
        os.fsync(handle)
    finally:
        os.close(handle)
