"""vcrpy as it is used here: scrubbed of keys and machine names, ids normalised, nothing sent while replaying."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import vcr
from vcr.record_mode import RecordMode

FOLDER: Final = Path(__file__).parent / "cassettes"
ORIGIN: Final = FOLDER / "origin.json"  # per cassette: what really answered when it was recorded
_KEPT_REQUEST: Final = frozenset({"content-type", "idempotency-key", "stripe-version"})
_KEPT_RESPONSE: Final = frozenset(
    {"content-type", "idempotency-key", "idempotent-replayed", "stripe-should-retry", "request-id", "stripe-version"}
)
_ID: Final = re.compile(r"\b([a-z]{2,6}(?:_[a-z]{2,8})?)_((?=[A-Za-z0-9]*\d)[A-Za-z0-9]{14,})\b")
_SECRET: Final = re.compile(r"\b(?:sk|rk|pk)_(?:test|live)_[A-Za-z0-9]+|\bsk-[A-Za-z0-9_-]{8,}|\bwhsec_[A-Za-z0-9]+")


class Scrubber:
    """Gives each id of one recording a small number, the same wherever it stands."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def text(self, text: str) -> str:
        text = _SECRET.sub("key_scrubbed", text)
        return re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1", _ID.sub(self._numbered, text))

    def _numbered(self, found: re.Match[str]) -> str:
        whole, prefix = found.group(0), found.group(1)
        if whole not in self._known:
            count = sum(known.startswith(f"{prefix}_") for known in self._known)
            self._known[whole] = f"{prefix}_{count + 1:04d}"
        return self._known[whole]

    def request(self, request: Any) -> Any:
        request.uri = self.text(request.uri)
        if request.body:
            request.body = self.text(bytes(request.body).decode()).encode()
        request.headers = {name: value for name, value in request.headers.items() if name.lower() in _KEPT_REQUEST}
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        body = response["body"]["string"]
        text = body.decode() if isinstance(body, bytes) else body
        response["body"]["string"] = self.text(text).encode()
        response["headers"] = {
            name: [self.text(value) for value in values]
            for name, values in response["headers"].items()
            if name.lower() in _KEPT_RESPONSE
        }
        return response


def recorder() -> vcr.VCR:
    """Records once, over whatever was there."""
    scrub = Scrubber()
    return _vcr(RecordMode.ALL, before_record_request=scrub.request, before_record_response=scrub.response)


def player() -> vcr.VCR:
    """Replays, and refuses a request that was not recorded: in order, by method, path and body."""
    scrub = Scrubber()
    return _vcr(RecordMode.NONE, before_record_request=scrub.request)


def _vcr(mode: RecordMode, **options: Any) -> vcr.VCR:
    return vcr.VCR(
        cassette_library_dir=str(FOLDER),
        record_mode=mode,
        match_on=["method", "path", "query", "body"],
        decode_compressed_response=True,
        **options,
    )


def origins() -> dict[str, str]:
    return json.loads(ORIGIN.read_text(encoding="utf-8"))


def note_origin(cassette: str, origin: str) -> None:
    told = origins() if ORIGIN.exists() else {}
    ORIGIN.write_text(json.dumps({**told, cassette: origin}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
