"""A turn that a crash interrupted goes on from its journal: nothing is asked, done or said twice."""

from __future__ import annotations

import asyncio

import pytest

from agent.models.chat import ChatRequest, Completion
from agent.models.scripted import Line, ScriptedModel, calls, replies, says
from tests.agent.conftest import Opener

TICKET = "Please refund my Starter payment of $20"
REFUND = ("refund", {"charge": "ch_maya", "amount": None, "grounds": "requested_by_customer", "duplicate_of": None})


class Crash(BaseException):
    """Passes every `except Exception`, as a killed process does."""


def crash(_request: ChatRequest) -> Completion:
    raise Crash


async def test_answers_given_before_the_crash_are_not_asked_again(office: Opener) -> None:
    lines: list[Line] = [calls(("diagnose", {})), crash]
    async with office(ScriptedModel(lines)) as o:
        turn = o.queue("cus_hugo", "what is wrong with my account")
        with pytest.raises(Crash):
            await o.lee.take_turn(turn.id)
        second = ScriptedModel([replies("All is in order, as far as I see. What is missing?", kind="question")])
        object.__setattr__(o.lee, "model", second)
        result = await o.lee.take_turn(turn.id)
        assert result.outcome == "awaiting_customer"
        assert len(second.requests) == 1
        assert [m.role for m in second.requests[0].messages] == ["system", "user", "assistant", "tool"]
        assert result.usage.prompt_tokens == 20


async def test_an_effect_made_before_the_crash_is_made_once_and_told(office: Opener) -> None:
    async with office(ScriptedModel([calls(REFUND), crash])) as o:
        turn = o.queue("cus_maya", TICKET)
        with pytest.raises(Crash):
            await o.lee.take_turn(turn.id)
        assert len(o.refunds()) == 1
        object.__setattr__(o.lee, "model", ScriptedModel([replies("[[effects]]")]))
        result = await o.lee.take_turn(turn.id)
        assert result.reply.startswith("I have refunded $20.00")
        assert len(o.refunds()) == 1
        assert len(result.effects) == 1


async def test_a_crash_between_effect_and_journal_repeats_nothing(office: Opener) -> None:
    async with office(ScriptedModel([calls(REFUND)])) as o:
        turn = o.queue("cus_maya", TICKET)
        submit = o.lee.gate.submit

        async def then_crash(proposal):
            await submit(proposal)
            raise Crash

        o.lee.gate.submit = then_crash
        with pytest.raises(Crash):
            await o.lee.take_turn(turn.id)
        o.lee.gate.submit = submit
        object.__setattr__(o.lee, "model", ScriptedModel([replies("[[effects]]")]))
        result = await o.lee.take_turn(turn.id)
        assert len(o.refunds()) == 1
        assert result.outcome == "resolved"


async def test_a_private_link_survives_a_crash_without_being_journalled(office: Opener) -> None:
    async with office(ScriptedModel([calls(("card_update_link", {})), crash])) as o:
        before = len(o.world()["billing_portal.session"])
        turn = o.queue("cus_ella", "I want to put a new card on my account")
        with pytest.raises(Crash):
            await o.lee.take_turn(turn.id)
        assert not any("/p/session/" in str(step.content) for step in o.steps(turn.id))
        object.__setattr__(o.lee, "model", ScriptedModel([replies("[[effects]]")]))
        result = await o.lee.take_turn(turn.id)
        assert "/p/session/" in result.reply
        assert len(o.world()["billing_portal.session"]) == before + 1


async def test_a_checkout_link_survives_a_crash_and_is_not_made_twice(office: Opener) -> None:
    anew = ("new_checkout_link", {"checkout_session": "cs_test_lara"})
    async with office(ScriptedModel([calls(anew), crash])) as o:
        turn = o.queue("cus_lara", "my link for the Analytics add-on has expired, please send me a new one")
        with pytest.raises(Crash):
            await o.lee.take_turn(turn.id)
        assert not any("/c/pay/" in str(step.content) for step in o.steps(turn.id))
        object.__setattr__(o.lee, "model", ScriptedModel([replies("[[effects]]")]))
        result = await o.lee.take_turn(turn.id)
        made = [each for each in o.world()["checkout.session"].values() if each["customer"] == "cus_lara"]
        assert [each["status"] for each in made].count("open") == 1
        assert next(each["url"] for each in made if each["status"] == "open") in result.reply
        assert "I have made a new link for Analytics add-on at $49.00. Nothing has been charged" in result.reply


async def test_the_same_effect_twice_in_a_turn_is_one_proposal(office: Opener) -> None:
    async with office(ScriptedModel([calls(REFUND, REFUND), calls(REFUND), replies("[[effects]]")])) as o:
        result = await o.says("cus_maya", TICKET)
        assert len(o.refunds()) == 1
        assert len(result.decisions) == 1
        assert result.reply.count("I have refunded") == 1


async def test_reads_run_side_by_side_and_one_that_hangs_is_a_result(office: Opener) -> None:
    model = ScriptedModel([calls(("diagnose", {}), ("list_charges", {"charge": None})), says("What is it about?")])
    async with office(model) as o:
        o.lee.settings.bounds = o.lee.settings.bounds.model_copy(update={"read_seconds": 0.2})
        real = o.lee.desks

        class Slow:
            def __init__(self, desk) -> None:
                self._desk = desk

            def __getattr__(self, name):
                return getattr(self._desk, name)

            async def billing_facts(self):
                await asyncio.sleep(5)

        object.__setattr__(o.lee, "desks", lambda principal: Slow(real(principal)))
        result = await o.says("cus_hugo", "what did you charge me for")
        assert result.outcome == "awaiting_customer"
    results = {m.tool_call_id: m.content or "" for m in model.requests[1].messages if m.role == "tool"}
    assert '"timeout"' in results["call_0_0"]
    assert '"ok": true' in results["call_0_1"]


async def test_an_escalation_in_the_same_breath_as_an_effect_leaves_the_effect_undone(office: Opener) -> None:
    model = ScriptedModel([calls(REFUND, ("escalate", {"reason": "risk", "summary": "Odd."}))])
    async with office(model) as o:
        result = await o.says("cus_maya", TICKET)
        assert result.outcome == "escalated"
        assert o.refunds() == []


async def test_a_reply_beside_other_calls_waits_for_their_results(office: Opener) -> None:
    reply = ("reply", {"text": "You have refunded charges.", "citations": [], "kind": "answer"})
    async with office(ScriptedModel([calls(REFUND, reply), replies("[[effects]]")])) as o:
        result = await o.says("cus_maya", TICKET)
        assert result.outcome == "resolved"
        assert result.reply.startswith("I have refunded $20.00")
