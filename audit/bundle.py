"""A case's entries with everything that proves them: to be verified with the public key alone, without any database.

Each entry brings its ciphertext, the key that opens this one entry, and its inclusion proof against one signed
checkpoint; consistency proofs lead from older checkpoints, which somebody else may have kept, to that one. A bundle
proves that each entry was logged, in this order, with this text, and when it was signed at the latest. It cannot prove
that the case has no further entries: for that the whole log is verified.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from audit.checkpoints import BadCheckpoint, Checkpoint, Verifier
from audit.entry import Header, leaf_hash
from audit.merkle import verify_consistency, verify_inclusion
from audit.sealing import NotOpened, open_entry
from audit.story import Told, story

FORM: Final = "agent-lee-audit-bundle/1"
ERASED: Final = "customer.erased"  # the one kind of entry that is no case's, and yet explains a case


class BadBundle(ValueError):
    """A bundle that cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. `key` opens it alone; None: erased. `proof` leads from its leaf to the checkpoint's root."""

    seq: int
    header: Header
    sealed: bytes
    key: bytes | None
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """`note` is the signed checkpoint, `earlier` the consistency proofs by the size of an older checkpoint."""

    case: str
    items: tuple[Item, ...]
    note: str
    earlier: Mapping[int, tuple[bytes, ...]]

    def text(self) -> str:
        """JSON, one line an entry."""
        lines = [json.dumps(_item_json(item), sort_keys=True) for item in self.items]
        earlier = {str(size): [_b64(step) for step in proof] for size, proof in self.earlier.items()}
        head = json.dumps(
            {"form": FORM, "case": self.case, "checkpoint": self.note, "earlier": earlier}, sort_keys=True
        )
        return f'{head[:-1]}, "entries": [\n' + ",\n".join(lines) + "\n]}\n"

    @staticmethod
    def parse(text: str) -> Bundle:
        """Raises `BadBundle`."""
        try:
            told: Any = json.loads(text)
            if told["form"] != FORM:
                raise BadBundle(f"This bundle's form is {told['form']!r}; {FORM} is known here.")
            items = tuple(_item(each) for each in told["entries"])
            earlier = {int(size): tuple(_raw(step) for step in proof) for size, proof in told["earlier"].items()}
            return Bundle(str(told["case"]), items, str(told["checkpoint"]), earlier)
        except BadBundle:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error, RecursionError) as error:
            raise BadBundle(f"The bundle cannot be read: {type(error).__name__}.") from error


@dataclass(frozen=True, slots=True)
class BundleReport:
    """`proven` counts the entries that are in the signed log, `closed` those of them that nobody opens any more.

    `anchors`: the sizes of the kept checkpoints that lead to the bundle's. `findings` are plain sentences."""

    checkpoint: Checkpoint | None
    proven: int
    closed: int
    anchors: tuple[int, ...]
    story: str
    findings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.findings


def verify_bundle(
    bundle: Bundle, verifier: Verifier, kept: Sequence[str] = (), told: str | None = None
) -> BundleReport:
    """Check a bundle. `kept`: signed checkpoints of somebody else's; `told`: the story that came with it."""
    findings: list[str] = []
    try:
        point = verifier.open(bundle.note)
    except BadCheckpoint as error:
        return BundleReport(None, 0, 0, (), "", (f"The bundle's checkpoint: {error}",))
    proven = 0
    entries: list[Told] = []
    last = 0
    for item in bundle.items:
        wrong = _wrong(item, bundle.case, point, last)
        last = max(last, item.seq)
        opened = _opened(item)
        if opened is None:
            wrong = wrong or f"Entry {item.seq} does not open with its key."
            opened = Told(item.seq, item.header.at, item.header.kind, item.header.actor, None)
        entries.append(opened)
        if wrong is None:
            proven += 1
        else:
            findings.append(wrong)
    text = story(bundle.case, entries)
    if told is not None and told != text:
        findings.append("The story beside the bundle is not what its entries say.")
    anchors = [_anchor(bundle, verifier, note, point, findings) for note in kept]
    closed = sum(item.key is None for item in bundle.items)
    sizes = tuple(sorted({size for size in anchors if size is not None}))
    return BundleReport(point, proven, closed, sizes, text, tuple(findings))


def _wrong(item: Item, case: str, point: Checkpoint, last: int) -> str | None:
    if item.seq <= last:
        return f"Entry {item.seq} follows entry {last}: the order is wrong."
    if item.header.case_id != case and not (item.header.case_id is None and item.header.kind == ERASED):
        return f"Entry {item.seq} is of another case."
    leaf = leaf_hash(item.header, item.sealed)
    if not verify_inclusion(leaf, item.seq - 1, point.size, item.proof, point.root):
        return f"Entry {item.seq} is not in the signed log as it stands here."
    return None


def _opened(item: Item) -> Told | None:
    """None: it has a key, and that does not open it."""
    header = item.header
    if item.key is None:
        return Told(item.seq, header.at, header.kind, header.actor, None)
    try:
        inside = json.loads(open_entry(item.key, header, item.sealed))
        return Told(item.seq, header.at, header.kind, str(inside["actor"]), dict(inside["payload"]))
    except (NotOpened, ValueError, KeyError, TypeError):
        return None


def _anchor(bundle: Bundle, verifier: Verifier, note: str, point: Checkpoint, findings: list[str]) -> int | None:
    """The size of a kept checkpoint that the bundle's checkpoint is proven to continue."""
    try:
        mine = verifier.open(note)
    except BadCheckpoint as error:
        findings.append(f"The checkpoint you kept: {error}")
        return None
    if mine.size == point.size and mine.root != point.root:
        findings.append(
            f"The checkpoint you kept has the same {mine.size} entries and another root: one log is forged."
        )
        return None
    if mine.size > point.size or (0 < mine.size < point.size and mine.size not in bundle.earlier):
        why = "is newer than" if mine.size > point.size else "has no proof in"
        findings.append(f"The checkpoint you kept ({mine.size} entries) {why} this bundle: export it again with yours.")
        return None
    if mine.size and not verify_consistency(
        mine.size, point.size, mine.root, point.root, bundle.earlier.get(mine.size, ())
    ):
        findings.append(f"The log signed in this bundle does not begin with the {mine.size} entries you kept.")
        return None
    return mine.size


def _item_json(item: Item) -> dict[str, object]:
    return {
        "seq": item.seq,
        "header": asdict(item.header),
        "sealed": _b64(item.sealed),
        "key": None if item.key is None else _b64(item.key),
        "proof": [_b64(step) for step in item.proof],
    }


def _item(told: Any) -> Item:
    fields = {name: told["header"][name] for name in ("id", "at", "kind", "actor", "case_id", "key_id")}
    if type(told["seq"]) is not int or not all(
        isinstance(value, str) or (value is None and name == "case_id") for name, value in fields.items()
    ):
        raise BadBundle("An entry's header is not of the known form.")
    key = None if told["key"] is None else _raw(told["key"])
    return Item(told["seq"], Header(**fields), _raw(told["sealed"]), key, tuple(_raw(step) for step in told["proof"]))


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _raw(text: object) -> bytes:
    if not isinstance(text, str):
        raise BadBundle("Bytes in a bundle are base64 texts.")
    return base64.b64decode(text, validate=True)
