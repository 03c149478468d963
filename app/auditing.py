"""What an auditor asks: is the log what was signed, what happened in a case, and what does that prove."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audit.bundle import BadBundle, Bundle, BundleReport, verify_bundle
from audit.checkpoints import Verifier
from audit.completeness import Orphan, join
from audit.verification import Report
from store.attempts import read_attempts, read_customers
from store.bundles import bundle_of, write
from store.checkpoints import PUBLIC_KEY, read_notes, read_public_key, verify, verify_kept
from store.database import Store
from tools.stripe_books import KEPT, marks_in_stripe
from tools.stripe_line import StripeLine


class NotThere(RuntimeError):
    """A file that was named, or is needed, is absent."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`key` is where the public key was taken from; `kept`: the checkpoints came from outside the house."""

    report: Report
    key: Path
    kept: bool


def check_log(store: Store) -> Checked:
    """The whole log against the house's own checkpoints."""
    return Checked(verify(store), store.folder / PUBLIC_KEY, kept=False)


def check_kept(url: str, keys: Path, checkpoint: Path, public_key: Path | None) -> Checked:
    """The whole log against checkpoints kept elsewhere, with a public key and nothing else: the one named, else the
    one beside the checkpoints, else the house's. Raises `NotThere`, `LogUnavailable`, `LogTampered`."""
    key = public_key or next((path for path in _keys(keys, checkpoint) if path.is_file()), keys / PUBLIC_KEY)
    for path in (checkpoint, key):
        if not path.is_file():
            raise NotThere(f"there is no file {path}")
    return Checked(verify_kept(url, checkpoint, key), key, kept=True)


def _keys(keys: Path, checkpoint: Path) -> tuple[Path, Path]:
    return checkpoint.parent / PUBLIC_KEY, keys / PUBLIC_KEY


def log_words(checked: Checked) -> Iterator[str]:
    """What the check proves and what it does not."""
    report = checked.report
    yield f"{report.entries} entries, {report.covered} of them under {report.checkpoints} signed checkpoints."
    if report.findings:
        return
    if report.covered:
        signed = f"signed on {report.signed_at:%Y-%m-%d %H:%M:%S} UTC" if report.signed_at else "signed"
        yield f"Proven: entries 1 to {report.covered} are those {signed}: none changed, removed, added or moved."
        yield f"With the public key in {checked.key}; compare it with a copy that somebody else keeps."
    if not checked.kept:
        yield (
            "These checkpoints are the house's own: whoever can rewrite them and holds the signing key could have"
            " signed anew. A copy kept elsewhere would show that: lee audit verify --checkpoint FILE."
        )
    if report.uncovered:
        yield (
            f"Not proven: the last {report.uncovered} entries, from {(report.uncovered_since or '')[:19]} UTC on. They"
            " fit their own hashes, but no checkpoint covers them yet: whoever can write the database could have"
            " changed or cut them. The next checkpoint covers them."
        )


def export(store: Store, case: str, folder: Path, kept: Path | None) -> BundleReport:
    """Write a case's bundle and check it as a stranger would. Raises `NotFound`, `LogTampered`, `LogUnavailable`."""
    notes = _notes(kept)
    bundle = bundle_of(store, case, notes)
    verifier = read_public_key(store.folder / PUBLIC_KEY)
    report = verify_bundle(bundle, verifier, notes)
    write(bundle, report.story, verifier, folder)
    return report


def check_bundle(folder: Path, checkpoint: Path | None, public_key: Path | None) -> tuple[BundleReport, Verifier]:
    """A bundle as it lies there, with its own public key unless one is named. Raises `NotThere`, `LogTampered`."""
    verifier = read_public_key(_there(public_key or folder / PUBLIC_KEY))
    try:
        bundle = Bundle.parse(_there(folder / "bundle.json").read_text(encoding="utf-8"))
    except (BadBundle, UnicodeDecodeError) as error:
        return BundleReport(None, 0, 0, (), "", (str(error),)), verifier
    told = _there(folder / "case.md").read_bytes().decode("utf-8", "replace")
    return verify_bundle(bundle, verifier, _notes(checkpoint), told), verifier


def bundle_words(report: BundleReport, verifier: Verifier, *, own_key: bool) -> Iterator[str]:
    point = report.checkpoint
    if point is None or report.findings:
        return
    yield (
        f"Proven: these {report.proven} entries are in the log of {verifier.origin} as it was signed on"
        f" {point.at:%Y-%m-%d %H:%M:%S} UTC ({point.size} entries), in this order, with the text that case.md tells."
    )
    if report.closed:
        yield f"{report.closed} of them nobody can open any more (erased): that they are there, and when, is proven."
    if report.anchors:
        yield f"That log continues the one you kept a checkpoint of, at {report.anchors[-1]} entries."
    if own_key:
        yield f"The public key is the bundle's own, {verifier.key_id.hex()}: compare it with a copy from elsewhere."
    yield "Not proven: that the case has no other entries. For that, verify the whole log."


async def match(store: Store, line: StripeLine, now: datetime) -> tuple[list[Orphan], int, int]:
    """Stripe's books, as far back as it keeps events, joined with ledger and log: what has no counterpart, and how many
    intents and how many marks in Stripe were compared. Raises `FactsUnavailable`, `LogUnavailable`."""
    since = now - KEPT
    marks = await marks_in_stripe(line, read_customers(store), since)
    # Read after Stripe: an effect is in the ledger before it is there.
    attempts, logged = read_attempts(store)
    return join(attempts, logged, marks, since), len(attempts), len(marks)


def _notes(path: Path | None) -> Sequence[str]:
    return () if path is None else read_notes(_there(path))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise NotThere(f"there is no file {path}")
    return path
