"""A refusal that leaves a human nothing to do ends with the customer knowing why and what they can do; whoever does not
leave it at that gets a human."""

from __future__ import annotations

from agent.topics.names import Topic
from tests.agent.conftest import Opener
from tests.agent.test_flows import Told

CODE = "Please apply SPRING24 to my account."


async def test_a_whole_answer_wakes_nobody_until_the_customer_insists(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.DISCOUNT_OR_COUPON))
        told = await o.says("cus_cleo", CODE)
        assert (told.outcome, told.decisions[-1]["rule"]) == ("resolved", "promotion.expired")
        assert "expired on" in told.reply
        assert "If you have another code" in told.reply
        assert not o.escalations(told.case)
        again = await o.says("cus_cleo", "It is still good, put SPRING24 in!", case=told.case)
        assert again.outcome == "escalated"
        (waits,) = o.escalations(told.case)
        assert (waits.reason, waits.packet["stopped_by"][0]["rule"]) == ("denied", "promotion.expired")


async def test_another_code_in_the_same_case_is_looked_at_afresh(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.DISCOUNT_OR_COUPON))
        told = await o.says("cus_cleo", CODE)
        other = await o.says("cus_cleo", "Then use the promotion code TEAMONLY.", case=told.case)
        assert (other.outcome, other.decisions[-1]["rule"]) == ("resolved", "promotion.product")


async def test_what_a_human_could_still_do_goes_to_one(office: Opener) -> None:
    """A disputed payment: the bank decides, and somebody has to answer it."""
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.REFUND_REQUEST))
        result = await o.says("cus_dora", "Please refund my $49.00.")
        assert result.outcome == "escalated"
        assert "If you see this differently" not in result.reply


async def test_a_role_that_may_not_spend_is_no_whole_answer(office: Opener) -> None:
    async with office() as o:
        object.__setattr__(o.lee, "topics", Told(Topic.CANCEL_SUBSCRIPTION))
        result = await o.says("cus_hugo", "Cancel my plan please.", role="member")
        assert (result.outcome, result.decisions[-1]["rule"]) == ("escalated", "role.billing")
        assert "only these roles can ask for this: admin, billing, owner." in result.reply
        (waits,) = o.escalations(result.case)
        assert "admin, billing, owner may." in waits.packet["stopped_by"][0]["reason"]
        assert "No colleague of ours can approve it" in waits.packet["tried"][0]["remedy"]
