"""How many tokens a request may cost, counted before it is sent."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator

import structlog

from agent.models.chat import ChatRequest, Message, ToolSchema

log = structlog.get_logger(__name__)

# Role, separators and call ids of one message: more than any chat template known to us spends.
MESSAGE_OVERHEAD = 16
SHORT = 20_000  # characters: counted in less than it takes to ask another thread to do it
_ENCODING = "o200k_base"
_LOAD_SECONDS = 3.0


def byte_bound(text: str) -> int:
    """A byte-level BPE token holds at least one byte, so this can only over-count."""
    return len(text.encode("utf-8", "replace"))


class TokenCounter:
    """Counts by tiktoken when its encoding is at hand, otherwise by `byte_bound` (logged once).

    tiktoken fetches the encoding from the network without a time-out of its own, so loading happens in a thread that is
    left behind when it takes longer than three seconds.
    """

    def __init__(self, load: Callable[[], Callable[[str], int]] | None = None) -> None:
        self._load = load or _tiktoken
        self._count: Callable[[str], int] | None = None
        self._lock = threading.Lock()
        self._tools: tuple[tuple[ToolSchema, ...], int] = ((), 0)

    def count(self, text: str) -> int:
        return self._counter()(text)

    def request(self, messages: tuple[Message, ...], tools: tuple[ToolSchema, ...]) -> int:
        """Upper estimate for a whole request."""
        total = 0
        for message in messages:
            total += MESSAGE_OVERHEAD * (1 + len(message.tool_calls)) + sum(map(self.count, _texts(message)))
        return total + self._of_tools(tools)

    def _of_tools(self, tools: tuple[ToolSchema, ...]) -> int:
        """Every step of every turn sends the same ones: counted once."""
        counted, total = self._tools
        if counted is tools:
            return total
        total = 0
        for tool in tools:
            schema = json.dumps(tool.parameters, separators=(",", ":"))
            total += MESSAGE_OVERHEAD + self.count(tool.name) + self.count(tool.description) + self.count(schema)
        self._tools = (tools, total)
        return total

    async def of(self, request: ChatRequest) -> int:
        """Waits in a thread for the encoding to be loaded, and for long conversations to be counted."""
        said = (len(part) for each in request.messages for part in _texts(each))
        if self._count is not None and sum(said) < SHORT:
            return self.request(request.messages, request.tools)
        return await asyncio.to_thread(self.request, request.messages, request.tools)

    def _counter(self) -> Callable[[str], int]:
        with self._lock:
            if self._count is None:
                self._count = self._loaded()
            return self._count

    def _loaded(self) -> Callable[[str], int]:
        found: list[Callable[[str], int]] = []
        failed: list[str] = []

        def load() -> None:
            try:
                found.append(self._load())
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the encoding, the bound still holds
                failed.append(type(error).__name__)

        thread = threading.Thread(target=load, daemon=True)
        thread.start()
        thread.join(_LOAD_SECONDS)
        if found:
            return found[0]
        log.warning("tokens.bound_by_bytes", encoding=_ENCODING, why=failed[0] if failed else "timeout")
        return byte_bound


def _texts(message: Message) -> Iterator[str]:
    yield message.content or ""
    for call in message.tool_calls:
        yield call.name
        yield call.arguments


def _tiktoken() -> Callable[[str], int]:
    import tiktoken

    encoding = tiktoken.get_encoding(_ENCODING)
    return lambda text: len(encoding.encode(text, disallowed_special=()))
