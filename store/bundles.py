"""Collects what proves a case: its entries, the keys that open them one by one, proofs against a fresh checkpoint."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from audit.bundle import ERASED, Bundle, Item
from audit.checkpoints import BadCheckpoint, Verifier
from audit.entry import Header, StoredEntry
from audit.merkle import Levels
from store.checkpoints import NOTES, PUBLIC_KEY, checkpoint, read_notes, read_public_key
from store.database import Store
from store.errors import LogTampered
from store.keys import Erased, Keyring

EARLIER = 500  # the newest checkpoints from which a consistency proof is given


def bundle_of(store: Store, case_id: str, kept: Sequence[str] = ()) -> Bundle:
    """Everything the log holds of a case, proven against a checkpoint signed now; from `kept` (signed checkpoints of
    somebody else's) proofs lead to it too.

    Entries are taken from a pass over the whole log, not from an index that somebody may have changed.
    Raises `NotFound`, `LogTampered`, `LogUnavailable`."""
    with store.look() as uow:
        uow.cases.get(case_id)
    point = checkpoint(store)
    leaves: list[bytes] = []
    mine: list[StoredEntry] = []
    with store.look() as uow:
        for entry in uow.log.stored():
            if entry.seq > point.size:
                break
            leaves.append(entry.leaf)
            ours = entry.header.case_id == case_id or _erases(store.keys, entry, case_id)
            if ours and not entry.whole:
                raise LogTampered(f"Entry {entry.seq} of the log was changed.")
            mine += [entry] if ours else []
    levels = Levels(leaves)
    if levels.root() != point.root:
        raise LogTampered("The log changed while it was read.")
    verifier = read_public_key(store.folder / PUBLIC_KEY)
    notes = read_notes(store.folder / NOTES)
    note = next(note for note in reversed(notes) if verifier.open(note).size == point.size)
    sizes = _sizes([*notes[-EARLIER:], *kept], verifier, point.size)
    items = [
        Item(
            entry.seq,
            entry.header,
            entry.sealed,
            _key(store.keys, entry.header, entry.sealed),
            tuple(levels.inclusion(entry.seq - 1)),
        )
        for entry in mine
    ]
    return Bundle(case_id, tuple(items), note, {size: tuple(levels.consistency(size)) for size in sizes})


def write(bundle: Bundle, told: str, verifier: Verifier, folder: Path) -> None:
    """The bundle as files: the story for people, the proof for `lee audit verify --bundle`. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "case.md": told,
        "bundle.json": bundle.text(),
        PUBLIC_KEY: verifier.text() + "\n",
        "checkpoint.txt": bundle.note,
        "README.txt": _README,
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode("utf-8", "backslashreplace"))


_README = """case.md tells what happened. bundle.json proves it: lee audit verify --bundle FOLDER
(no database, no network, no secret). It checks that each entry is in the signed log, that its text is the one that was
sealed then, and that case.md says what the entries say.

Compare log-public.key with the copy you got from the company at another time, or name yours with --public-key; name a
checkpoint that you kept with --checkpoint. Without either, a forger could have made a log and a key of their own.

Whoever holds this folder can read it: keep and delete it as you would a letter of the customer's. An erasure at the
company does not reach it.
"""


def _sizes(notes: Sequence[str], verifier: Verifier, size: int) -> list[int]:
    found: set[int] = set()
    for note in notes:
        try:
            found.add(verifier.open(note).size)
        except BadCheckpoint:
            continue  # verification names it; no proof leads from what is not signed
    return sorted(each for each in found if 0 < each < size)


def _key(keys: Keyring, header: Header, sealed: bytes) -> bytes | None:
    found = keys.entry_key(header, sealed)
    return None if isinstance(found, Erased) else found


def _erases(keys: Keyring, entry: StoredEntry, case_id: str) -> bool:
    if entry.header.kind != ERASED or entry.header.case_id is not None:
        return False
    plain = keys.open_entry(entry.header, entry.sealed)
    return not isinstance(plain, Erased) and case_id in json.loads(plain)["payload"].get("cases", [])
