"""Proves a log against its signed checkpoints, with the public key alone: no data key, no database.

Every byte of header and ciphertext is covered by its leaf, every leaf up to the newest checkpoint by a signed root.
Entries after it are only checked against themselves: `Report.uncovered` says how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.checkpoints import BadCheckpoint, Checkpoint, Verifier
from audit.entry import StoredEntry
from audit.merkle import Tree

MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong. `kind` is `entry_changed` (its bytes do not give its leaf), `entry_missing` (a gap or a second
    numbering), `log_cut` (shorter than a checkpoint says), `log_rewritten` (another root than a checkpoint's),
    `checkpoint_invalid` (signature or form) or `checkpoint_order` (smaller than the one before).

    `seq` is the entry's or, for `log_rewritten`, the first that may have changed; `checkpoint` counts from 1."""

    kind: str
    message: str
    seq: int | None = None
    checkpoint: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`entries` and `root` are of the log as found; `covered` is the size at the newest checkpoint that holds, signed
    at `signed_at`.

    At most `MOST_FINDINGS` findings are listed."""

    entries: int
    root: bytes
    checkpoints: int
    covered: int
    findings: tuple[Finding, ...]
    signed_at: datetime | None = None
    uncovered_since: str | None = None  # when the first entry that no checkpoint covers says that it was made

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def uncovered(self) -> int:
        return max(0, self.entries - self.covered)


def verify(entries: Iterable[StoredEntry], notes: Sequence[str], verifier: Verifier) -> Report:
    """Check `entries` (all of the log, in order) against `notes` (signed checkpoints, oldest first)."""
    findings: list[Finding] = []
    signed = _signed(notes, verifier, findings)
    waiting = sorted(signed, key=lambda pair: pair[1].size)
    tree = Tree()
    covered = 0
    signed_at: datetime | None = None
    since: str | None = None
    expected = 1

    def reach(size: int) -> None:
        """Compare with every checkpoint of this size; a cut is found when the entries end."""
        nonlocal covered, signed_at, since
        while waiting and waiting[0][1].size == size:
            number, checkpoint = waiting.pop(0)
            if tree.root() == checkpoint.root:
                covered, signed_at, since = size, checkpoint.at, None
            else:
                findings.append(
                    Finding(
                        "log_rewritten",
                        f"Entries {covered + 1} to {size} are not those of checkpoint {number}"
                        f" ({checkpoint.at.isoformat()}).",
                        covered + 1,
                        number,
                    )
                )

    reach(0)
    for entry in entries:
        if entry.seq != expected:
            findings.append(
                Finding("entry_missing", f"Entry {expected} is missing: {entry.seq} follows instead.", expected)
            )
            expected = entry.seq
        expected += 1
        if not entry.whole:
            findings.append(Finding("entry_changed", f"Entry {entry.seq} ({entry.header.id}) was changed.", entry.seq))
        # A leaf that is no bytes at all cannot be hashed; it was reported, and no signed root will be reached with it.
        since = since or str(entry.header.at)
        tree.append(entry.leaf if type(entry.leaf) is bytes else b"")
        if waiting:
            reach(tree.size)
    findings += [
        Finding(
            "log_cut",
            f"The log has {tree.size} entries; checkpoint {number} ({checkpoint.at.isoformat()}) covers"
            f" {checkpoint.size}.",
            tree.size + 1,
            number,
        )
        for number, checkpoint in waiting
    ]
    return Report(tree.size, tree.root(), len(notes), covered, tuple(findings[:MOST_FINDINGS]), signed_at, since)


def _signed(notes: Sequence[str], verifier: Verifier, findings: list[Finding]) -> list[tuple[int, Checkpoint]]:
    """The checkpoints whose signatures hold, with their numbers; the others become findings."""
    signed: list[tuple[int, Checkpoint]] = []
    for number, note in enumerate(notes, 1):
        try:
            checkpoint = verifier.open(note)
        except BadCheckpoint as error:
            findings.append(Finding("checkpoint_invalid", f"Checkpoint {number}: {error}", None, number))
            continue
        if signed and checkpoint.size < signed[-1][1].size:
            findings.append(
                Finding(
                    "checkpoint_order",
                    f"Checkpoint {number} covers {checkpoint.size} entries, fewer than the one before.",
                    None,
                    number,
                )
            )
        signed.append((number, checkpoint))
    return signed
