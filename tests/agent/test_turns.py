"""Whole turns with the offline planner over the demo company: the end of the world's objects is what counts."""

from __future__ import annotations

import pytest

from agent.autonomy import Autonomy
from policy.effects import EffectUnknown, Intent, Receipt
from store.errors import LogUnavailable
from tests.agent.conftest import Opener
from tools.effects import StripeEffects

KEYS = {
    "case", "topic", "outcome", "reply", "confidence", "effects", "decisions", "citations", "escalation", "model",
    "usage",
}  # fmt: skip


async def test_a_refund_within_the_caps_is_made_once_and_told_from_the_ledger(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_maya", "Please refund my Starter payment of $20, I did not mean to subscribe.")
        assert result.outcome == "resolved"
        assert set(result.as_json()) == KEYS
        (refund,) = o.refunds()
        assert refund["amount"] == 2_000
        assert result.effects == ({"kind": "refund", "stripe_id": refund["id"], "amount": 2_000, "currency": "usd"},)
        assert result.decisions[0]["verdict"] == "allow"
        assert "I have refunded $20.00 to the card ending" in result.reply
        assert o.messages(result.case)[-1] == ("outbound", result.reply)
        assert o.case(result.case).status == "resolved"


async def test_over_the_cap_a_human_gets_the_waiting_proposal_and_the_customer_the_truth(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_otto", "I want a refund of the $200 payment for Business please")
        assert result.outcome == "escalated"
        assert o.refunds() == []
        (escalation,) = o.escalations(result.case)
        packet = escalation.packet
        assert escalation.proposal_id == packet["waiting_proposal"]["proposal"]
        assert packet["waiting_proposal"]["rule"] == "refund.cap"
        assert packet["stopped_by"][0]["rule"] == "refund.cap"
        assert packet["conversation"][0]["text"].startswith("I want a refund")
        assert packet["facts"]["list_charges"]["charges"]
        assert "A colleague has to approve this first" in result.reply
        assert "No money has been returned." in result.reply
        case = o.case(result.case)
        assert (case.owner, case.status) == ("human", "escalated")


async def test_a_plan_changes_only_after_the_yes(office: Opener) -> None:
    async with office() as o:
        before = o.world()
        asked = await o.says("cus_tess", "I would like to change my plan to Team")
        assert asked.outcome == "awaiting_customer"
        assert "until then nothing changes" in asked.reply
        assert o.world()["subscription"] == before["subscription"]
        done = await o.confirms(asked.case)
        assert done.outcome == "resolved"
        assert done.effects[0]["kind"] == "change_plan"
        assert "I have changed your plan" in done.reply
        assert o.world()["subscription"] != before["subscription"]


async def test_two_real_purchases_are_explained_and_neither_is_refunded(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_omar", "I was charged twice for the same thing, 15 dollars each.")
        assert result.outcome == "resolved"
        assert result.reply.count("$15.00 on ") == 2
        assert o.refunds() == []


async def test_somebody_elses_charge_is_not_found_and_not_touched(office: Opener) -> None:
    async with office() as o:
        other = next(id_ for id_, row in o.world()["charge"].items() if row["customer"] == "cus_maya")
        result = await o.says("cus_mona", f"Please refund the charge {other} to me.")
        assert "cannot find that payment on your account" in result.reply
        assert o.refunds() == []


async def test_a_how_to_question_quotes_and_cites_a_passage(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_hugo", "How do I put our VAT id on the invoices?")
        assert result.outcome == "resolved"
        assert result.citations
        assert set(result.citations[0]) == {"article", "passage"}


async def test_whoever_asks_for_a_human_gets_one_at_once(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_hugo", "I want to talk to a real person, please.")
        assert result.outcome == "escalated"
        assert result.escalation is not None
        assert result.escalation["reason"] == "customer_asks"
        assert result.escalation["packet"]["facts"]["diagnose"]["status"] == "green"
        assert result.model is None


@pytest.mark.parametrize("text", ["", "   ", "🙃🙃🙃", "\x00\x01\x02\ufffd\ufffd", "!!! ???"])
async def test_what_says_nothing_is_asked_about_once_and_then_goes_to_a_human(office: Opener, text: str) -> None:
    async with office() as o:
        first = await o.says("cus_hugo", text)
        assert first.outcome == "awaiting_customer"
        second = await o.says("cus_hugo", text, case=first.case)
        assert second.outcome == "escalated"
        assert second.escalation is not None
        assert second.escalation["reason"] == "not_understood"


async def test_a_megabyte_is_read_like_any_ticket(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_hugo", "lorem ipsum dolor " * 60_000)
        assert result.outcome in ("awaiting_customer", "escalated")
        assert o.refunds() == []


async def test_a_member_without_billing_rights_moves_nothing(office: Opener) -> None:
    async with office() as o:
        result = await o.says("cus_maya", "Please refund my Starter payment of $20", role="viewer")
        assert result.outcome == "escalated"
        assert o.refunds() == []
        assert result.decisions[0]["verdict"] == "deny"


def _settings(o, **autonomy):
    o.lee.settings.autonomy = Autonomy(**autonomy)


async def test_the_kill_switch_sends_everything_to_humans_without_a_model(office: Opener) -> None:
    async with office() as o:
        _settings(o, kill_switch=True)
        result = await o.says("cus_maya", "Please refund my Starter payment of $20")
        assert (result.outcome, result.model) == ("escalated", None)
        assert o.refunds() == []


async def test_shadow_mode_makes_no_effect_and_shows_the_customer_nothing(office: Opener) -> None:
    async with office() as o:
        _settings(o, shadow=True)
        result = await o.says("cus_maya", "Please refund my Starter payment of $20")
        assert result.outcome == "escalated"
        assert o.refunds() == []
        assert [kind for kind, _ in o.messages(result.case)] == ["inbound", "draft"]
        packet = o.escalations(result.case)[0].packet
        assert packet["suggested_actions"][0]["tool"] == "refund"


async def test_after_a_take_over_the_reply_is_a_draft(office: Opener) -> None:
    async with office() as o:
        turn = o.queue("cus_hugo", "Which plan am I on?")
        start = o.lee.model.complete

        async def taken_over(request):
            with o.store.unit() as uow:
                if uow.cases.get(turn.case_id).owner == "lee":
                    uow.cases.take_over(turn.case_id, "ada")
            return await start(request)

        slow = {"name": "slow", "english_only": True, "complete": staticmethod(taken_over)}
        object.__setattr__(o.lee, "model", type("Slow", (), slow)())
        result = await o.lee.take_turn(turn.id)
        assert result.outcome == "escalated"
        assert [kind for kind, _ in o.messages(turn.case_id)] == ["inbound", "draft"]
        assert o.case(turn.case_id).owner == "human"


async def test_an_unknown_outcome_is_told_as_unknown_and_goes_to_a_human(
    office: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_effects: StripeEffects, _intent: Intent) -> Receipt:
        raise EffectUnknown("timeout", "no answer")

    async with office() as o:
        monkeypatch.setattr(StripeEffects, "perform", lost)
        monkeypatch.setattr(StripeEffects, "find", lost)
        result = await o.says("cus_maya", "Please refund my Starter payment of $20")
        assert result.outcome == "escalated"
        assert "I do not know yet whether the refund went through" in result.reply
        assert result.escalation is not None
        assert result.escalation["packet"]["pending_effects"][0]["tool"] == "refund"
        assert result.effects == ()


async def test_sources_that_do_not_answer_end_with_a_human(office: Opener) -> None:
    async with office() as o:

        def nothing(_principal):
            raise ConnectionError("Stripe is down")

        object.__setattr__(o.lee, "desks", nothing)
        result = await o.says("cus_maya", "Please refund my Starter payment of $20")
        assert result.outcome == "escalated"
        assert o.escalations(result.case)[0].reason == "internal_error"


async def test_a_store_that_cannot_be_written_yields_a_plain_sentence_and_no_effect(office: Opener) -> None:
    async with office() as o:
        turn = o.queue("cus_maya", "Please refund my Starter payment of $20")
        unit, opening = o.store.unit, o.store.opening

        def full():
            raise LogUnavailable("The disk is full.")

        o.store.unit = o.store.opening = full
        result = await o.lee.take_turn(turn.id)
        o.store.unit, o.store.opening = unit, opening
        assert (result.stored, result.outcome) == (False, "escalated")
        assert "nothing has been changed" in result.reply
        assert o.refunds() == []
        again = await o.lee.take_turn(turn.id)
        assert again.outcome == "resolved"
        assert len(o.refunds()) == 1


async def test_a_turn_that_ended_gives_its_result_again(office: Opener) -> None:
    async with office() as o:
        turn = o.queue("cus_maya", "Please refund my Starter payment of $20")
        first = await o.lee.take_turn(turn.id)
        assert await o.lee.take_turn(turn.id) == first
        assert len(o.refunds()) == 1
