"""Signs the state of the log and keeps the signed notes outside the database, in `Store.folder`.

`log-signing.key` is the private key (mode 0600), `log-public.key` what an auditor needs, `checkpoints.txt` the notes,
only ever appended to. Copy the last two to where the database's writer cannot reach: whoever holds database, notes
and signing key together can still rewrite all three.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoints import BadCheckpoint, Checkpoint, Signer, Verifier, split_notes
from audit.merkle import Tree
from audit.verification import Report
from audit.verification import verify as verify_entries
from store.checkpoint_copy import continue_copy
from store.database import Store
from store.errors import LogTampered, LogUnavailable, StoreError
from store.log_reader import reading_log

SIGNING_KEY = "log-signing.key"
PUBLIC_KEY = "log-public.key"
NOTES = "checkpoints.txt"
_LINES = 6  # of a whole note


class Notary:
    """Signs the log again and again, and reads each time only what is new. Safe to share between threads.

    `copy`: a second folder for the notes (`store.checkpoint_copy`)."""

    def __init__(self, store: Store, copy: Path | None = None) -> None:
        self._store = store
        self._copy = copy
        self._tree = Tree()

    def sign(self) -> Checkpoint:
        """Sign the log's present size and root, after proving that it still begins with what was signed last.

        Without new entries the last checkpoint is returned and nothing is written; a copy that lay behind goes on.
        Raises `LogTampered` when the log, the notes or their copy are not what was signed, `LogUnavailable` when a file
        fails."""
        folder = self._store.folder
        with _files(), _only_one(folder):
            signer = _signer(folder)
            point = self._sign(signer, folder / NOTES)
            if self._copy is not None:
                continue_copy(folder, self._copy, (NOTES, PUBLIC_KEY))
            return point

    def _sign(self, signer: Signer, path: Path) -> Checkpoint:
        text = _text(path) if path.exists() else ""
        notes, torn = split_notes(text)
        if torn.count("\n") >= _LINES:
            raise LogTampered("The last checkpoint was changed.")
        last = _opened(signer.verifier, notes[-1]) if notes else None
        root_then = self._grow(0 if last is None else last.size)
        tree = self._tree
        if last is not None:
            _prove(last, tree.size, root_then)
            if last.size == tree.size and not torn:
                return last
        note = signer.sign(tree.size, tree.root(), self._store.clock())
        _append(path, note, len(text.encode()) - len(torn.encode()))
        return signer.verifier.open(note)

    def _grow(self, signed: int) -> bytes | None:
        """Add what the log has more; the root it had at `signed` entries, None when it has not so many."""
        if signed < self._tree.size:  # the notes are not those of the last time
            self._tree = Tree()
        tree = self._tree
        root_then = tree.root() if tree.size == signed else None
        with self._store.look() as uow:
            if (found := uow.log.size()) < tree.size:
                raise LogTampered(f"The log has {found} entries; it had {tree.size}.")
            for leaf in uow.log.leaves(tree.size):
                tree.append(leaf)
                if tree.size == signed:
                    root_then = tree.root()
        return root_then


def checkpoint(store: Store) -> Checkpoint:
    """Sign once: one pass over the leaf hashes. Raises as `Notary.sign`."""
    return Notary(store).sign()


def verify(store: Store) -> Report:
    """Check the whole log against the checkpoints and the public key in `Store.folder`.

    Without any checkpoint yet the report covers 0 entries. Raises `LogUnavailable`, and `LogTampered` for a public key
    that cannot be read or is gone while notes are there."""
    with _files():
        notes, key = store.folder / NOTES, store.folder / PUBLIC_KEY
        found = read_notes(notes) if notes.exists() else []
        unsigned = not found and not key.exists()
        verifier = Verifier("agent-lee/unsigned", bytes(32)) if unsigned else read_public_key(key)
        with store.look() as uow:
            return verify_entries(uow.log.stored(), found, verifier)


def verify_kept(url: str, notes: Path, public_key: Path) -> Report:
    """Check the log in a database against checkpoints kept elsewhere: nothing else of the house is opened, and nothing
    is written. Raises `LogUnavailable`, `LogTampered` for a public key that cannot be read, ValueError for the URL."""
    with _files():
        found, verifier = read_notes(notes), read_public_key(public_key)
    with reading_log(url) as entries:
        return verify_entries(entries, found, verifier)


def read_notes(path: Path) -> list[str]:
    """The signed notes of a file, oldest first. A torn last one is given too: a crash may have torn it (the next
    checkpoint mends that) or a hand, and either is told. Raises OSError."""
    found, torn = split_notes(_text(path))
    return [*found, torn] if torn else found


def read_public_key(path: Path) -> Verifier:
    """Raises `LogTampered` when the file is absent or damaged."""
    try:
        return Verifier.parse(path.read_text(encoding="ascii"))
    except (BadCheckpoint, UnicodeDecodeError, FileNotFoundError) as error:
        raise LogTampered(f"The log's public key {path.name} is missing or damaged.") from error


def _text(path: Path) -> str:
    """The file as it is: reading it as text would hide a changed line end."""
    return path.read_bytes().decode("utf-8", "replace")


def _prove(last: Checkpoint, size: int, root_then: bytes | None) -> None:
    if size < last.size:
        raise LogTampered(f"The log has {size} entries; {last.size} were signed at {last.at.isoformat()}.")
    if root_then != last.root:
        raise LogTampered(f"The first {last.size} entries of the log are not those signed at {last.at.isoformat()}.")


def _opened(verifier: Verifier, note: str) -> Checkpoint:
    try:
        return verifier.open(note)
    except BadCheckpoint as error:
        raise LogTampered(f"The last checkpoint cannot be trusted: {error}") from error


def _append(path: Path, note: str, length: int) -> None:
    """Add a note durably after the first `length` bytes; all or nothing."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        os.ftruncate(handle, length)
        data = note.encode()
        try:
            written = os.pwrite(handle, data, length)
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, length)
            raise
        if written != len(data):
            os.ftruncate(handle, length)
            raise LogUnavailable("A checkpoint could not be written: the disk is full.")
    finally:
        os.close(handle)


def _signer(folder: Path) -> Signer:
    """The log's signing key, made on first use. A lost key is not replaced while anything signed by it exists."""
    path = folder / SIGNING_KEY
    if path.exists():
        try:
            origin, _, encoded = path.read_text(encoding="ascii").strip().partition(" ")
            signer = Signer(origin, Ed25519PrivateKey.from_private_bytes(base64.b64decode(encoded, validate=True)))
        except ValueError as error:
            raise LogTampered("The log's signing key is damaged.") from error
        if not (folder / PUBLIC_KEY).exists():  # a crash fell between the two files
            _write_new(folder / PUBLIC_KEY, signer.verifier.text() + "\n", 0o644)
        return signer
    if (folder / NOTES).exists() or (folder / PUBLIC_KEY).exists():
        raise LogTampered("The log's signing key is gone, although its checkpoints or its public key are still there.")
    private = Ed25519PrivateKey.generate()
    signer = Signer(f"agent-lee/{secrets.token_hex(4)}", private)
    encoded = base64.b64encode(private.private_bytes_raw()).decode()
    _write_new(path, f"{signer.verifier.origin} {encoded}\n", 0o600)
    _write_new(folder / PUBLIC_KEY, signer.verifier.text() + "\n", 0o644)
    return signer


def _write_new(path: Path, text: str, mode: int) -> None:
    """Write a file that appears whole or not at all."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def _only_one(folder: Path) -> Generator[None]:
    """One signer at a time, over all processes."""
    handle = os.open(folder / "checkpoints.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _files() -> Generator[None]:
    """Trouble with files becomes `LogUnavailable`; what the store said itself passes through."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise LogUnavailable(f"The log's checkpoints cannot be used: {error.strerror or error}.") from error
