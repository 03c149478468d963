"""Whether what a working Lee does by the clock was done: signing the log, and finding out what became of effects.

A Lee that is not at work does neither, and need not: the next ticket, or the next act of a human, does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from app.findings import Finding
from app.output import counted
from audit.verification import Report
from store.instants import read

# Beyond its own seconds: a busy machine, an outage of Stripe's that the patience of a sending outlasts.
GRACE: Final = timedelta(minutes=5)


def at_work(own: int | None, alive: int) -> Finding:
    """`own`: the process at work in this data folder; `alive`: workers that signed within their lease, where several
    share a database."""
    here = "nobody works in this data folder now" if own is None else f"process {own} works in this data folder"
    there = f"; {counted(alive, 'worker')} alive on the database" if alive else ""
    return Finding("at work", "ok", here + there)


def signed(report: Report, now: datetime, seconds: int, *, working: bool) -> Finding:
    """Whether the log's newest entries got their checkpoint in time."""
    if not report.uncovered:
        when = "" if report.signed_at is None else f", the newest signed on {report.signed_at:%Y-%m-%d %H:%M:%S} UTC"
        return Finding("checkpoints", "ok", f"{counted(report.checkpoints, 'checkpoint')}{when}")
    since = read(report.uncovered_since) if report.uncovered_since else now
    waiting = f"{counted(report.uncovered, 'entry', 'entries')} since {since:%Y-%m-%d %H:%M:%S} UTC"
    if now - since <= timedelta(seconds=seconds) + GRACE:
        return Finding("checkpoints", "ok", f"{waiting}: the next checkpoint, every {seconds} s, covers them")
    says = f"{waiting} under no signed checkpoint"
    if working:
        return Finding(
            "checkpoints", "missing", f"{says}, although Lee is at work", "lee.log in the data folder says why"
        )
    return Finding("checkpoints", "note", says, "the next ticket, or act of a human, signs them")


def unfinished_work(
    turns: int, effects: Sequence[datetime], now: datetime, seconds: int, *, working: bool
) -> Iterator[Finding]:
    """Turns that were left, and effects whose outcome nobody knows, by when they were begun."""
    if turns:
        mend = "" if working else "they are finished when the next ticket is resolved"
        yield Finding("turns", "ok" if working else "note", f"unfinished: {counted(turns, 'turn')}", mend)
    if not effects:
        return
    oldest = min(effects)
    says = f"outcome not known yet: {counted(len(effects), 'effect')}, the oldest since {oldest:%Y-%m-%d %H:%M:%S} UTC"
    late = working and now - oldest > timedelta(seconds=seconds) + GRACE
    if late:
        yield Finding("effects", "missing", f"{says}, although Lee looks every {seconds} s", "lee.log, lee reconcile")
    else:
        yield Finding("effects", "note", says, "lee reconcile")
