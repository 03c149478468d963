"""A model that plays given turns, hostile ones too: for tests, recordings and drills."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from agent.models.chat import ChatRequest, Completion, Message, ModelError, ToolCall, Usage

Line = Completion | Exception | Callable[[ChatRequest], Completion]


class ScriptedModel:
    """Plays `lines` in order: a completion is answered, an exception raised, a function asked.

    After the last line it raises `ModelError("server_error")`: a script that is too short shows, it does not loop.
    `requests` keeps what it was asked.
    """

    english_only = False

    def __init__(self, lines: Iterable[Line], name: str = "scripted") -> None:
        self.name = name
        self._lines = list(lines)
        self.requests: list[ChatRequest] = []

    async def complete(self, request: ChatRequest) -> Completion:
        self.requests.append(request)
        if not self._lines:
            raise ModelError("server_error", "the script has no further line", retryable=False)
        line = self._lines.pop(0)
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, Completion) else line(request)


def says(text: str, usage: Usage | None = None) -> Completion:
    """Plain content, as a model writes it that calls no tool."""
    return Completion(Message("assistant", text), "stop", usage or Usage(10, 10), "scripted")


def calls(*wanted: tuple[str, dict[str, Any] | str], usage: Usage | None = None) -> Completion:
    """Tool calls in one message; arguments given as text are sent as they are, valid JSON or not."""
    made = tuple(
        ToolCall(f"call_{n}", name, arguments if isinstance(arguments, str) else json.dumps(arguments))
        for n, (name, arguments) in enumerate(wanted)
    )
    return Completion(Message("assistant", None, made), "tool_calls", usage or Usage(10, 10), "scripted")


def replies(text: str, citations: Iterable[str] = (), kind: str = "answer") -> Completion:
    """The control call that ends a turn."""
    return calls(("reply", {"text": text, "citations": list(citations), "kind": kind}))
