"""Idempotency keys of POST requests (docs.stripe.com/api/idempotent_requests).

Status and body are stored once execution has begun, whatever the outcome, 500 included. Requests that failed validation
or met the same key in flight are not stored. Keys are forgotten after 24 hours of the sandbox's clock; a forgotten key
executes anew.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sandbox.errors import idempotency_error
from sandbox.world import World

KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Answer:
    """A response that can be stored and played again."""

    status: int
    body: str
    request_id: str


def fingerprint(parameters: dict[str, Any]) -> str:
    """A digest of the decoded form: what must be the same under the same key."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()


class Keys:
    """The stored answers of a world and the keys being executed right now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._in_flight: set[str] = set()

    def begin(self, key: str, endpoint: str, digest: str, now: int) -> Answer | None:
        """The stored answer; or None, and then the key is in flight until `end`. Raises on misuse and on conflict."""
        if len(key) > 255:
            raise idempotency_error("Idempotency keys can be at most 255 characters long.")
        if key in self._in_flight:
            raise idempotency_error(
                "There is currently another in-progress request using this Idempotent Key (that probably means you "
                "submitted twice, and the other request is still going through). Please try again later.",
                status=409,
                code="idempotency_key_in_use",
            )
        stored = self._world.rows(
            "SELECT endpoint, fingerprint, status, body, request_id FROM answers WHERE key = ? AND created > ?",
            (key, now - KEPT_SECONDS),
        )
        if not stored:
            self._in_flight.add(key)
            return None
        first_endpoint, first_digest, status, body, request_id = stored[0]
        if first_endpoint != endpoint:
            raise idempotency_error(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{endpoint}' vs '{first_endpoint}'). Try using a key other than '{key}' if you meant to execute a "
                "different request."
            )
        if first_digest != digest:
            raise idempotency_error(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
                f"using a key other than '{key}' if you meant to execute a different request."
            )
        return Answer(status, body, request_id)

    def store(self, key: str, endpoint: str, digest: str, now: int, answer: Answer) -> None:
        """Keep the answer and forget the old ones; part of the request's own transaction."""
        self._world.write("DELETE FROM answers WHERE created <= ?", (now - KEPT_SECONDS,))
        self._world.write(
            "INSERT OR REPLACE INTO answers (key, created, endpoint, fingerprint, status, body, request_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, now, endpoint, digest, answer.status, answer.body, answer.request_id),
        )

    def end(self, key: str) -> None:
        self._in_flight.discard(key)
