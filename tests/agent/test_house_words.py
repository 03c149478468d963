"""Our own words stand under the guard like a model's: every sentence of the ledger, and what every customer is told."""

from __future__ import annotations

from typing import Any

import pytest

from agent.claims import ClaimDetector
from agent.effects import EffectRecord, restored
from agent.evidence import gather
from agent.ledger_sentences import about
from agent.reply import HeldReply
from agent.topics.names import Topic
from knowledge.embedder import Embedder
from sandbox.demo.roster import CUSTOMERS
from tests.agent.conftest import Opener
from tests.agent.test_flows import Told

DETAILS: dict[str, dict[str, Any]] = {
    "refund": {"amount": {"amount": 2_000, "currency": "usd"}, "details": {"card": "4242"}},
    "account_credit": {"amount": {"amount": 500, "currency": "usd"}},
    "retry_payment": {"amount": {"amount": 6_000, "currency": "usd"}},
    "change_plan": {"amount": {"amount": 2_903, "currency": "usd"}, "details": {"plan": "Team"}},
    "cancel_subscription": {"arguments": {"when": "period_end"}, "details": {"ends_on": "2026-12-03"}},
    "resume_subscription": {"details": {"renews_on": "2026-12-03"}},
    "apply_promotion_code": {"details": {}},
    "update_billing_details": {"details": {"changed": "address"}},
    "set_tax_id": {"details": {"name": "EU VAT number"}},
    "new_checkout_link": {"secret": "https://pay.acme.test/c/1", "details": {"for": "the add-on", "hours": 24}},
    "card_update_link": {"secret": "https://pay.acme.test/p/1"},
}
WAYS = {
    "done": {"status": "succeeded", "verdict": "allow", "receipt_status": "succeeded"},
    "pending": {"status": "succeeded", "verdict": "allow", "receipt_status": "pending"},
    "failed": {"status": "failed", "verdict": "allow", "failure": "card_declined:insufficient_funds"},
    "pending_reconciliation": {"status": "pending_reconciliation", "verdict": "allow"},
    "refused": {"status": "refused", "verdict": "deny", "customer_reason": "The payment is older than 14 days."},
    "confirm": {"status": "waiting", "verdict": "needs_confirmation", "shown": "Refund $20.00 of the charge."},
    "approve": {"status": "waiting", "verdict": "needs_approval", "shown": "Refund $20.00 of the charge."},
}


def settled(tool: str, way: str) -> EffectRecord:
    row: dict[str, Any] = {
        "tool": tool, "arguments": {}, "proposal": "prop_1", "rule": "some.rule", "reason": "", "amount": None,
        "stripe_id": "obj_1", **DETAILS[tool], **WAYS[way],
    }  # fmt: skip
    secret = row.pop("secret", None)
    made = restored(row)
    return EffectRecord(**{**{name: getattr(made, name) for name in EffectRecord.__slots__}, "secret": secret})


@pytest.fixture
def held(embedder: Embedder) -> HeldReply:
    return HeldReply(ClaimDetector(embedder))


@pytest.mark.parametrize("tool", DETAILS)
@pytest.mark.parametrize("way", WAYS)
def test_the_ledgers_sentences_stand_up_to_the_guard(held: HeldReply, tool: str, way: str) -> None:
    """A model that repeats them word for word is not refused, and what goes out tells of the effect once."""
    effect = settled(tool, way)
    said = about(effect)
    checked = held.check(said, [], gather([], [], [effect]))
    assert checked.problems == ()
    assert held.compose(said, checked, [effect]) == said


# What the planner answers from the account, each with templates of its own.
TOPICS = (
    Topic.PAYMENT_FAILED, Topic.PAYMENT_STATUS, Topic.REFUND_STATUS, Topic.DUPLICATE_CHARGE, Topic.UNEXPECTED_CHARGE,
    Topic.INVOICE_COPY, Topic.SUBSCRIPTION_STATUS, Topic.USAGE_QUESTION, Topic.PRORATION_QUESTION,
    Topic.PAYMENT_TIMING, Topic.PRICE_QUESTION, Topic.MISSING_ENTITLEMENT,
)  # fmt: skip
PARTS = 8  # of the customers: each within the time one test may take on a busy machine


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_customers_answers_stand_up_to_the_guard(office: Opener, part: int) -> None:
    """Each customer of the demo company with two of the topics, in turns, so that every topic meets many of them."""
    async with office() as o:
        for n, customer in list(enumerate(CUSTOMERS))[part::PARTS]:
            for topic in (TOPICS[(n + step) % len(TOPICS)] for step in (0, 5)):
                object.__setattr__(o.lee, "topics", Told(topic))
                result = await o.says(customer, "Can you help me with this please?")
                packet = {} if result.escalation is None else result.escalation["packet"]
                assert "did not stand up" not in str(packet.get("summary")), (customer, topic, packet["summary"])
