"""Where a turn's time goes: a sampler looks at every thread a thousand times a second and names the room it is in.

A turn moves between the event loop, DBOS's threads and worker threads; a profile of one thread would miss most of it.
Samples in which every thread waits are the model server's, a timer's or another thread's. Time by the clock says what a
customer waits for, and grows with the machine's load; a thread's processor time since the last sample does not.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

EVERY: Final = 0.001  # seconds

# A stack with a frame of these is theirs as a whole: DBOS and Stripe's library bring databases and HTTP along.
WHOLE: Final = (
    ("dbos/", "DBOS and its database"),
    ("/sandbox/", "sandbox (Stripe's side)"),
    ("stripe/", "Stripe's library and HTTP"),
)
# Otherwise the innermost frame that fits names the room: (part of the file's path, function or "", room).
ROOMS: Final[tuple[tuple[str, str, str], ...]] = (
    ("sqlalchemy/engine/default.py", "do_commit", "store: commit (fsync)"),
    ("sqlalchemy/engine/default.py", "do_execute", "store: statements"),
    ("store/keys.py", "", "store: encryption and its keys"),
    ("cryptography/", "", "store: encryption and its keys"),
    ("store/redaction.py", "", "store: redaction"),
    ("sqlalchemy/", "", "store: SQLAlchemy"),
    ("/store/", "", "store: its own code"),
    ("/audit/", "", "audit: leaf hashes"),
    ("/policy/", "", "policy"),
    ("torch/", "", "encoder (topics, claims, search)"),
    ("transformers/", "", "encoder (topics, claims, search)"),
    ("tokenizers/", "", "encoder (topics, claims, search)"),
    ("knowledge/embedder.py", "", "encoder (topics, claims, search)"),
    ("knowledge/bert.py", "", "encoder (topics, claims, search)"),
    ("knowledge/adapted.py", "", "encoder (topics, claims, search)"),
    ("qdrant_client/", "", "search"),
    ("qdrant_edge/", "", "search"),
    ("/knowledge/", "", "search"),
    ("lingua/", "", "language and slots"),
    ("dateparser/", "", "language and slots"),
    ("price_parser/", "", "language and slots"),
    ("agent/topics/", "", "topic and slots"),
    ("agent/models/tokens.py", "", "counting tokens"),
    ("openai/", "", "openai's library and HTTP"),
    ("httpx", "", "openai's library and HTTP"),
    ("httpcore", "", "openai's library and HTTP"),
    ("h11/", "", "openai's library and HTTP"),
    ("anyio/", "", "openai's library and HTTP"),
    ("jinja2/", "", "templates"),
    ("agent/prompting.py", "", "templates"),
    ("tools/registry.py", "", "tools' schemas"),
    ("agent/control.py", "", "tools' schemas"),
    ("/json/", "", "json"),
    ("structlog/", "", "logging"),
    ("/tools/", "", "tools"),
    ("/billing/", "", "tools"),
    ("agent/claim", "", "agent: judging the reply"),
    ("agent/reply.py", "", "agent: judging the reply"),
    ("agent/evidence.py", "", "agent: judging the reply"),
    ("/agent/", "", "agent: the loop and the rest"),
    ("/app/", "", "app"),
    ("asyncio/", "", "event loop and threads"),
)
# Where a thread that has nothing to do is found. A sleep in C shows as the line that sleeps.
WAITING: Final = frozenset(
    {
        ("threading.py", "wait"),
        ("threading.py", "_wait_for_tstate_lock"),
        ("selectors.py", "select"),
        ("queue.py", "get"),
        ("thread.py", "_worker"),
        ("_base.py", "result"),
        ("_sys_db.py", "_notification_listener_polling"),
        ("unix_events.py", "_do_waitpid"),
    }
)
IDLE: Final = "waiting (model server, timers)"


class Sampler(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True, name="sampler")
        self.seen: Counter[str] = Counter()
        self.spent: Counter[str] = Counter()  # nanoseconds of processor time
        self.samples = 0
        self._over = threading.Event()
        self._clocks: dict[int, int] = {}

    def run(self) -> None:
        while not self._over.wait(EVERY):
            frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage] - documented, underscore and all
            busy = [frame for ident, frame in frames.items() if ident != self.ident and not _waits(frame)]
            self.samples += 1
            for room in {room_of(frame) for frame in busy} or {IDLE}:
                self.seen[room] += 1
            for ident, frame in frames.items():
                # A thread that is in `frames` cannot end while this one holds the interpreter, so its clock is there.
                now = time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
                used = now - self._clocks.get(ident, now)
                self._clocks[ident] = now
                if used and ident != self.ident:
                    self.spent[room_of(frame)] += used

    def stop(self) -> None:
        self._over.set()
        self.join()


@contextmanager
def sampling() -> Iterator[Sampler]:
    """Threads hand over ten times as often as usual meanwhile, so that the sampler gets its turn."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 10)
    sampler = Sampler()
    sampler.start()
    try:
        yield sampler
    finally:
        sampler.stop()
        sys.setswitchinterval(interval)


def room_of(frame: FrameType) -> str:
    """The room that a stack, given by its innermost frame, is in."""
    found: str | None = None
    at: FrameType | None = frame
    while at is not None:
        file = at.f_code.co_filename
        for part, room in WHOLE:
            if part in file:
                return room
        found = found or _room(file, at.f_code.co_name)
        at = at.f_back
    return found or "other"


def _room(file: str, function: str) -> str | None:
    for part, name, room in ROOMS:
        if part in file and name in ("", function):
            return room
    return None


def _waits(frame: FrameType) -> bool:
    return (frame.f_code.co_filename.rpartition("/")[2], frame.f_code.co_name) in WAITING


def table(sampler: Sampler, turns: int, seconds: float) -> list[list[str]]:
    """Rows of room, milliseconds a turn by the clock with their share, and of processor time; largest first. Rooms busy
    at once share a sample."""
    shares = sum(sampler.seen.values()) or 1
    each = seconds * 1000 / turns
    rows = [
        [room, f"{each * count / shares:.1f}", f"{count / shares:.0%}", f"{sampler.spent[room] / turns / 1e6:.1f}"]
        for room, count in sampler.seen.most_common()
        if count / shares >= 0.005
    ]
    return [*rows, ["all", f"{each:.1f}", "", f"{sampler.spent.total() / turns / 1e6:.1f}"]]


HEAD: Final = ("", "ms a turn", "share", "processor ms")
