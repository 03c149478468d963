"""The model of the fault matrix: it calls one tool, looks at the result and ends its turn, the same way every time."""

from __future__ import annotations

import json
from typing import Any, Final

from agent.control import ESCALATE, REPLY
from agent.models.chat import ChatRequest, Completion, Message, ToolCall, Usage

READ_WORDS: Final = "This is what I found in your account."
PATIENCE: Final = "Thank you for your patience."
BEFORE, AFTER = "before", "after"  # the tool's result is here; the process dies while the model is asked


class Killed(BaseException):
    """Not an Exception: nothing may catch it, as nothing catches SIGKILL."""


class OneCall:
    """Where it stands follows from the conversation, so a recovered turn goes on where it was. `heard` are the tool's
    results, oldest first; `dies`: the process ends `before` or `after` the tool was called."""

    name = "one call"
    english_only = False

    def __init__(self, tool: str, arguments: dict[str, Any], dies: str | None = None) -> None:
        self._tool = tool
        self._arguments = arguments
        self._dies = dies
        self.heard: list[str] = []

    async def complete(self, request: ChatRequest) -> Completion:
        last = request.messages[-1]
        if self._dies == (AFTER if last.role == "tool" else BEFORE):
            raise Killed
        if last.role != "tool":
            return self._says(self._tool, self._arguments)
        self.heard.append(last.content or "")
        result = json.loads(last.content or "{}")
        if not result.get("ok"):
            return self._says(ESCALATE, {"reason": "cannot_solve", "summary": f"{self._tool} did not work."})
        text = READ_WORDS if "result" in result else PATIENCE
        return self._says(REPLY, {"text": text, "citations": [], "kind": "answer"})

    def _says(self, tool: str, arguments: dict[str, Any]) -> Completion:
        call = ToolCall("call_0", tool, json.dumps(arguments))
        return Completion(Message("assistant", None, (call,)), "tool_calls", Usage(), self.name)


class ByTicket:
    """A script for each ticket, by the customer's words in it."""

    name = "one call each"
    english_only = False

    def __init__(self) -> None:
        self.scripts: dict[str, OneCall] = {}

    async def complete(self, request: ChatRequest) -> Completion:
        said = "\n".join(message.content or "" for message in request.messages if message.role == "user")
        (script,) = [script for says, script in self.scripts.items() if says in said]
        return await script.complete(request)
