"""Faults the sandbox can be told to show, in the order they were queued.

| kind | what the client sees | was the request executed? |
| --- | --- | --- |
| `rate_limit` | 429 | no |
| `lock_timeout` | 429 `lock_timeout`: another request holds the object | no |
| `key_expired` | 401 `api_key_expired` | no |
| `permission_missing` | 403: the restricted key may not do this | no |
| `error_before` | 500 | no, and nothing is stored under the key |
| `unavailable` | 503 | no, and nothing is stored under the key |
| `error_after` | 500, and the same 500 again under the same key | yes |
| `bad_gateway` | 502 with a page instead of JSON; the same key replays the true answer | yes |
| `garbled` | 200 with a page instead of JSON; the same key replays the true answer | yes |
| `key_in_use` | 409 `idempotency_key_in_use` | no |
| `lost_before` | the connection ends | no |
| `lost_after` | the connection ends; the same key replays the true answer | yes |
| `cut` | half of the answer, then the connection ends; the same key replays the true answer | yes |
| `timeout_before` | silence for `seconds` | no |
| `timeout_after` | silence for `seconds`; the same key replays the true answer | yes |
| `delay` | the answer, `seconds` late, the key in flight meanwhile | yes, after the delay |

Over HTTP a `delay` longer than the client's time-out is executed after the client gave up. In process the client's
time-out is raised at once and the delayed request is never executed.

`lost_after`, `timeout_after`, `cut`, `garbled` and `bad_gateway` sit below the idempotency layer: the answer is
committed before the client loses it. docs.stripe.com/error-low-level, docs.stripe.com/rate-limits#object-lock-timeouts.
"""

import re
from dataclasses import dataclass

from sandbox.errors import invalid_request

KINDS = (
    "rate_limit",
    "lock_timeout",
    "key_expired",
    "permission_missing",
    "error_before",
    "unavailable",
    "error_after",
    "bad_gateway",
    "garbled",
    "key_in_use",
    "lost_before",
    "lost_after",
    "cut",
    "timeout_before",
    "timeout_after",
    "delay",
)


@dataclass
class Fault:
    """method: `POST`, `GET` or `*`; path: a regular expression searched in the path; count: how many requests meet it;
    skip: how many matching requests pass first."""

    kind: str
    method: str = "*"
    path: str = ""
    count: int = 1
    skip: int = 0
    seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise invalid_request(f"Invalid fault: must be one of {', '.join(KINDS)}", param="kind")
        try:
            re.compile(self.path)
        except re.error as error:
            raise invalid_request(f"Invalid path pattern: {error}", param="path") from error

    def meets(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and re.search(self.path, path) is not None


class Faults:
    """The queue. Held in memory: a restarted sandbox is healthy again."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._queue.append(fault)

    def clear(self) -> None:
        self._queue.clear()

    def waiting(self) -> list[Fault]:
        return list(self._queue)

    def take(self, method: str, path: str) -> Fault | None:
        """The first waiting fault for this request, used up by one."""
        for fault in self._queue:
            if not fault.meets(method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.count -= 1
            if fault.count <= 0:
                self._queue.remove(fault)
            return fault
        return None
