"""Carries out the tool calls of one answer: reads side by side, effects one at a time and only through the gate.

Whatever goes wrong with a call is a result that the model sees; nothing here raises because of what a model wrote.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from pydantic import BaseModel, ValidationError

from agent.bounds import Bounds
from agent.control import CONTROL
from agent.effects import EffectRecord, record, unsettled
from agent.faults import place
from agent.journal import Journal
from agent.models.chat import ToolCall
from billing.ids import CaseId, ProposalId, TurnId
from policy.actions import ACTIONS, Action
from policy.proposals import Principal, Proposal
from policy.settlement import Settlement
from tools.registry import EffectClass, Registry, Tool, UnknownTool

log = structlog.get_logger(__name__)

# Errors that are the model's own: so many of them end the turn.
FAULTS = frozenset({"unknown_tool", "wrong_arguments", "arguments_too_long", "not_alone", "too_many_calls"})


class Gate(Protocol):
    """The part of `policy.gate.Gate` the agent needs."""

    async def submit(self, proposal: Proposal) -> Settlement: ...


@dataclass(frozen=True, slots=True)
class Standing:
    """For whom and in which state of the case a turn acts. `epoch` is that with which the turn began."""

    case: CaseId
    turn: TurnId
    principal: Principal
    actor: str
    epoch: int


@dataclass(slots=True)
class Tally:
    """What a turn has used up, and the effects it has proposed (by proposal id)."""

    calls: int = 0
    faults: int = 0
    effects: dict[str, EffectRecord] = field(default_factory=dict[str, EffectRecord])


def proposal_id(turn: str, tool: str, arguments: dict[str, object]) -> ProposalId:
    """The same turn proposing the same call makes the same proposal, in a replay as in a repetition."""
    named = json.dumps({"turn": turn, "tool": tool, "arguments": arguments}, sort_keys=True, separators=(",", ":"))
    return ProposalId("prop_" + hashlib.sha256(named.encode()).hexdigest()[:24])


@dataclass(frozen=True, slots=True)
class Calls:
    """`desk` is bound to the principal of `standing`. `held_back(action)` says why an effect may not even be proposed
    now (autonomy, kill switch, low confidence), or None."""

    registry: Registry
    desk: Any
    gate: Gate
    standing: Standing
    journal: Journal
    bounds: Bounds
    held_back: Callable[[Action], str | None]
    tally: Tally = field(default_factory=Tally)

    async def carry_out(self, wanted: Iterable[ToolCall]) -> None:
        """Run the calls in the order given and journal one `tool` step for each. Control calls are not for here."""
        reads: list[tuple[ToolCall, Tool, BaseModel]] = []
        for call in wanted:
            ready = self._checked(call)
            if isinstance(ready, dict):
                await self._flush(reads)
                self._note(call, ready)
                continue
            tool, arguments = ready
            if tool.effect is EffectClass.READ:
                reads.append((call, tool, arguments))
                continue
            await self._flush(reads)
            await self._effect(call, arguments)
        await self._flush(reads)

    def proposal(self, named: ProposalId, action: Action) -> Proposal:
        """An action as this turn proposes it."""
        standing = self.standing
        return Proposal(
            id=named,
            case=standing.case,
            turn=standing.turn,
            principal=standing.principal,
            action=action,
            actor=standing.actor,
            owner="lee",
            epoch=standing.epoch,
        )

    def _checked(self, call: ToolCall) -> tuple[Tool, BaseModel] | dict[str, Any]:
        if self.tally.calls >= self.bounds.calls:
            self.tally.faults += 1
            return _error("too_many_calls", f"This turn has used its {self.bounds.calls} tool calls. End it now.")
        self.tally.calls += 1
        fault = self._fault(call)
        if isinstance(fault, dict):
            self.tally.faults += 1
        return fault

    def _fault(self, call: ToolCall) -> tuple[Tool, BaseModel] | dict[str, Any]:
        if call.name in CONTROL:
            return _error("not_alone", f"`{call.name}` ends the turn: call it alone, after you have seen every result.")
        try:
            tool = self.registry.get(call.name)
        except UnknownTool:
            known = ", ".join(sorted(tool.name for tool in self.registry))
            return _error("unknown_tool", f"There is no tool of that name. The tools are: {known}.")
        if len(call.arguments) > self.bounds.argument_characters:
            return _error("arguments_too_long", f"Arguments may be {self.bounds.argument_characters} characters long.")
        try:
            return tool, tool.arguments.model_validate_json(call.arguments or "{}")
        except ValidationError as error:
            return _error("wrong_arguments", _plainly(error))

    async def _flush(self, reads: list[tuple[ToolCall, Tool, BaseModel]]) -> None:
        results = await asyncio.gather(*(self._read(tool, arguments) for _, tool, arguments in reads))
        if reads:
            self.journal.add("tool", *(_step(call, found) for (call, _, _), found in zip(reads, results, strict=True)))
        reads.clear()

    async def _read(self, tool: Tool, arguments: BaseModel) -> dict[str, Any]:
        read: Callable[[Any, Any], Awaitable[BaseModel]] | None = tool.read
        if read is None:
            return _error("unavailable", f"{tool.name} cannot be read.")
        try:
            async with asyncio.timeout(self.bounds.read_seconds):
                found = await read(arguments, self.desk)
            result = found.model_dump(mode="json")
        except TimeoutError:
            return _error("timeout", f"{tool.name} did not answer in time. It may work again later.")
        except Exception as error:  # noqa: BLE001 - a read that fails is something the model must see, not a crash
            log.warning("agent.read_failed", tool=tool.name, error=place(error))
            return _error(str(getattr(error, "code", "unavailable")), f"{tool.name} is not available now.")
        if len(json.dumps(result)) > self.bounds.result_characters:
            return _error("too_large", f"The result of {tool.name} is too large to read.")
        return {"ok": True, "result": result}

    async def _effect(self, call: ToolCall, arguments: BaseModel) -> None:
        if not isinstance(arguments, Action) or call.name not in ACTIONS:
            self._note(call, _error("unavailable", f"{call.name} cannot be proposed."))
            return
        held = self.held_back(arguments)
        if held is not None:
            self._note(
                call,
                {
                    "ok": False,
                    "error": {"code": "held_back", "message": held},
                    "suggested": arguments.model_dump(mode="json"),
                },
            )
            return
        named = proposal_id(self.standing.turn, arguments.tool, arguments.model_dump(mode="json"))
        proposal = self.proposal(named, arguments)
        earlier = self.tally.effects.get(proposal.id)
        if earlier is not None:
            self._note(call, {"ok": True, "effect": {**earlier.told(), "repeated": True}})
            return
        if len(self.tally.effects) >= self.bounds.effects:
            message = f"This turn has proposed {self.bounds.effects} things already. End it now."
            self._note(call, _error("too_many_effects", message))
            return
        made = await submit(self.gate, proposal)
        self.tally.effects[proposal.id] = made
        self._note(call, {"ok": True, "effect": made.told()}, made)

    def _note(self, call: ToolCall, result: dict[str, Any], effect: EffectRecord | None = None) -> None:
        self.journal.add("tool", _step(call, result, effect))


async def submit(gate: Gate, proposal: Proposal) -> EffectRecord:
    """Through the gate. If the gate itself fails, the outcome is unknown: neither done nor not done is claimed."""
    try:
        return record(await gate.submit(proposal))
    except Exception as error:  # noqa: BLE001 - the turn must go on to tell a human
        log.warning("agent.gate_failed", tool=proposal.tool, proposal=proposal.id, error=place(error))
        return unsettled(proposal.tool, proposal.arguments, proposal.id, type(error).__name__)


def _step(call: ToolCall, result: dict[str, Any], effect: EffectRecord | None = None) -> dict[str, Any]:
    made = None if effect is None else effect.journalled()
    return {"call": call.id, "name": call.name, "result": result, "effect": made}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message}}


def _plainly(error: ValidationError) -> str:
    """What is wrong, without repeating the values: they may hold anything."""
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)[:6]
    ]
    return "; ".join(problems)
