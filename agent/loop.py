"""The loop of one turn: ask the model, carry out its calls, hold its reply; bounded in steps, calls, tokens, seconds.

Every answer and result is journalled before the next step, and the loop's state is nothing but that journal: a turn
that is taken up again after a crash goes on with the pending calls and never asks again what was answered already.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import ValidationError

from agent.bounds import Bounds
from agent.calls import Calls
from agent.control import ASK, ESCALATE, REPLY, AskCustomer, Escalate, Reply
from agent.journal import Journal, message_step, step_message, step_usage
from agent.models.chat import ChatModel, ChatRequest, Completion, Message, ModelError, ToolCall, ToolSchema, Usage

How = Literal["replied", "escalated", "bounded", "model_failed", "reply_refused"]


@dataclass(frozen=True, slots=True)
class LoopEnd:
    """How a turn's loop ended. `reason` is a stable word: which bound, the model error's code, the escalation's reason.

    `text`, `citations` and `kind` are the model's own reply when it was accepted; `problems` what was wrong otherwise.
    """

    how: How
    reason: str
    text: str | None = None
    citations: tuple[str, ...] = ()
    kind: Literal["answer", "question"] = "answer"
    summary: str | None = None
    problems: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    model: str | None = None


# (text, citations) → what is wrong with it, in sentences for the model; empty when it may go out.
Judge = Callable[[str, tuple[str, ...]], Sequence[str]]


@dataclass(slots=True)
class Loop:
    model: ChatModel
    calls: Calls
    journal: Journal
    bounds: Bounds
    judge: Judge

    async def run(self, opening: tuple[Message, ...], tools: tuple[ToolSchema, ...], brief: dict[str, Any]) -> LoopEnd:
        """From the opening messages (system, conversation) to an end. Never raises because of the model."""
        deadline = time.monotonic() + self.bounds.seconds
        while True:
            pending = self._pending()
            if pending:
                end = await self._settle(pending)
                if end is not None:
                    return self._closed(end)
                continue
            exhausted = self._exhausted(deadline)
            if exhausted is not None:
                return self._closed(LoopEnd("bounded", exhausted))
            request = ChatRequest(
                opening + tuple(self._said()),
                tools,
                brief,
                self.bounds.completion_tokens,
                max(0.1, deadline - time.monotonic()),
            )
            try:
                completion = await self.model.complete(request)
            except ModelError as error:
                return self._closed(LoopEnd("model_failed", error.code, summary=str(error)))
            self._keep(completion)

    def _closed(self, end: LoopEnd) -> LoopEnd:
        usage = Usage()
        for step in self.journal.of("model"):
            usage = usage + step_usage(step.content)
        last = self.journal.last("model")
        return replace(end, usage=usage, model=self.model.name if last is None else str(last["model"]))

    def _exhausted(self, deadline: float) -> str | None:
        answers = self.journal.of("model")
        used = sum((step_usage(step.content) for step in answers), Usage())
        if len(answers) >= self.bounds.steps:
            return "steps"
        if self.calls.tally.faults >= self.bounds.faults:
            return "faulty_calls"
        if used.prompt_tokens + used.completion_tokens >= self.bounds.tokens:
            return "tokens"
        return "seconds" if time.monotonic() >= deadline else None

    def _keep(self, completion: Completion) -> None:
        """Journal one answer: at most so many calls, ids of our own, and plain content as a reply call."""
        turn = len(self.journal.of("model"))
        message = completion.message
        made = message.tool_calls
        content = message.content
        if not made:
            text = (content or "").strip()
            kind = "question" if text.endswith(("?", "？", "؟")) else "answer"
            made = (ToolCall("", REPLY, json.dumps({"text": text, "citations": [], "kind": kind})),)
            content = None
        kept = tuple(
            ToolCall(f"call_{turn}_{n}", call.name[:64], call.arguments[: self.bounds.argument_characters + 1])
            for n, call in enumerate(made[: self.bounds.calls_per_step])
        )
        dropped = len(made) - len(kept)
        self.journal.add(
            "model", message_step(Message("assistant", content, kept), completion.usage, completion.model, dropped)
        )

    def _said(self) -> list[Message]:
        """The answers and results so far as messages."""
        out: list[Message] = []
        for step in self.journal:
            if step.kind == "model":
                out.append(step_message(step.content))
            elif step.kind == "tool":
                text = json.dumps(step.content["result"], ensure_ascii=False)
                out.append(Message("tool", text, tool_call_id=step.content["call"]))
        return out

    def _pending(self) -> list[ToolCall]:
        """Calls of the latest answer that have no result yet."""
        last = self.journal.last("model")
        if last is None:
            return []
        done = {step.content["call"] for step in self.journal.of("tool")}
        return [call for call in step_message(last).tool_calls if call.id not in done]

    async def _settle(self, pending: list[ToolCall]) -> LoopEnd | None:
        last = self.journal.last("model") or {}
        escalating = [call for call in pending if call.name == ESCALATE]
        if escalating:
            # A model that hands over wants nothing else done: its other calls of this answer are left alone.
            return self._escalated(escalating[0])
        alone = len(pending) == 1 and len(last.get("calls", [])) == 1
        if pending[0].name in (REPLY, ASK) and alone and not last.get("dropped"):
            return await self._replied(pending[0])
        await self.calls.carry_out(pending)
        if last.get("dropped"):
            self.calls.tally.faults += 1
        return None

    def _escalated(self, call: ToolCall) -> LoopEnd:
        try:
            said = Escalate.model_validate_json(call.arguments)
        except ValidationError:
            # The wish for a human is clear whatever else is wrong with the call.
            return LoopEnd("escalated", "cannot_solve")
        return LoopEnd("escalated", said.reason, summary=said.summary[:1_000])

    async def _replied(self, call: ToolCall) -> LoopEnd | None:
        try:
            said = _said(call)
        except ValidationError:
            self.calls.tally.faults += 1
            self._answer(call, [f"The arguments of `{call.name}` do not fit its schema."])
            return None
        problems = list(await asyncio.to_thread(self.judge, said.text, tuple(said.citations)))
        if not problems:
            return LoopEnd("replied", said.kind, said.text, tuple(said.citations), said.kind)
        if any(step.content.get("refused") for step in self.journal.of("tool")):
            return LoopEnd("reply_refused", "untrue_reply", said.text, problems=tuple(problems))
        self._answer(call, problems, refused=True)
        return None

    def _answer(self, call: ToolCall, problems: list[str], *, refused: bool = False) -> None:
        result = {"ok": False, "error": {"code": "reply_refused", "message": " ".join(problems)}}
        self.journal.add(
            "tool", {"call": call.id, "name": call.name, "result": result, "effect": None, "refused": refused}
        )


def _said(call: ToolCall) -> Reply:
    """Raises `ValidationError`."""
    if call.name == REPLY:
        return Reply.model_validate_json(call.arguments)
    return Reply(text=AskCustomer.model_validate_json(call.arguments).text, citations=[], kind="question")
