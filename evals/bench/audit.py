"""What it costs to verify a log of a million entries, and to make and check proofs over it."""

from __future__ import annotations

import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from audit.entry import Header, leaf_hash
from audit.merkle import Levels, verify_consistency, verify_inclusion
from store.checkpoints import NOTES, PUBLIC_KEY, checkpoint, verify_kept
from store.database import open_store
from store.tables import audit_entries

A = TypeVar("A")
B = TypeVar("B")

HEAD: Final = ("", "N", "p50 µs", "p99 µs", "a second", "seconds in all")
SEALED: Final = 700  # bytes of ciphertext: what a decision comes to
PROOFS: Final = 20_000


def rows(entries: int) -> list[list[str]]:
    """A log of that many entries on SQLite, as large as real ones, verified as an auditor does."""
    with tempfile.TemporaryDirectory(prefix="lee-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'lee.db'}"
        store = open_store(url, folder / "keys", lambda: datetime.now(UTC))
        with store.unit() as uow:
            for block in _blocks(entries, store.keys.current("house").id):
                uow.connection.execute(audit_entries.insert(), block)
        signing = _timed(lambda: checkpoint(store))
        keys = store.folder
        checking = _timed(lambda: verify_kept(url, keys / NOTES, keys / PUBLIC_KEY))
        with store.look() as uow:
            leaves = list(uow.log.leaves())
        store.close()
    levels: list[Levels] = []
    hashing = _timed(lambda: levels.append(Levels(leaves)))
    return [
        _once("verify every entry, root and signature", entries, checking),
        _once("sign a checkpoint", entries, signing),
        _once("hash the tree for proofs", entries, hashing),
        *_proofs(levels[0], leaves),
    ]


def _proofs(tree: Levels, leaves: list[bytes]) -> Iterator[list[str]]:
    chance = random.Random(1)
    root, size = tree.root(), tree.size
    places = [chance.randrange(size) for _ in range(PROOFS)]
    made, makes = _each(places, tree.inclusion)
    yield _many("make an inclusion proof", makes)
    pairs = list(zip(places, made, strict=True))
    told, checks = _each(pairs, lambda pair: verify_inclusion(leaves[pair[0]], pair[0], size, pair[1], root))
    yield _many("verify an inclusion proof", checks)
    olds = [chance.randrange(1, size) for _ in range(PROOFS // 100)]
    paths, makes = _each([chance.randrange(1, size) for _ in range(PROOFS)], tree.consistency)
    yield _many("make a consistency proof", makes)
    known = [(old, Levels(leaves[:old]).root(), tree.consistency(old)) for old in olds[:5]]
    again = [known[n % len(known)] for n in range(PROOFS)]
    held, checks = _each(again, lambda old: verify_consistency(old[0], size, old[1], root, old[2]))
    yield _many("verify a consistency proof", checks)
    if not (all(told) and all(held) and len(paths) == PROOFS):
        raise AssertionError("a proof does not hold")


def _blocks(entries: int, key_id: str) -> Iterator[list[dict[str, object]]]:
    for start in range(1, entries + 1, 10_000):
        yield [_row(seq, key_id) for seq in range(start, min(start + 10_000, entries + 1))]


def _row(seq: int, key_id: str) -> dict[str, object]:
    at = "2026-11-20T12:00:00.000000+00:00"
    header = Header(f"log_{seq:020x}", at, "proposal.decided", "lee:offline", f"case_{seq // 6:020x}", key_id)
    sealed = secrets.token_bytes(SEALED)
    columns = {"id": header.id, "at": at, "kind": header.kind, "actor": header.actor, "case_id": header.case_id}
    return {"seq": seq, **columns, "key_id": key_id, "sealed": sealed, "leaf": leaf_hash(header, sealed)}


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _each(given: list[A], work: Callable[[A], B]) -> tuple[list[B], list[float]]:
    found: list[B] = []
    taken: list[float] = []
    for one in given:
        begun = time.perf_counter()
        found.append(work(one))
        taken.append(time.perf_counter() - begun)
    return found, taken


def _once(name: str, entries: int, seconds: float) -> list[str]:
    return [name, f"{entries:,}", "", "", f"{entries / seconds:,.0f}", f"{seconds:.1f}"]


def _many(name: str, taken: list[float]) -> list[str]:
    ordered = sorted(taken)
    middle, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    each = [f"{middle * 1e6:.1f}", f"{late * 1e6:.1f}", f"{len(taken) / sum(taken):,.0f}"]
    return [name, f"{len(taken):,}", *each, f"{sum(taken):.1f}"]
