"""A handoff packet on paper: what a colleague needs is there in words, and in the order in which it is wanted."""

from __future__ import annotations

from typing import Any

from app.packets import on_paper

PACKET: dict[str, Any] = {
    "reason": "denied",
    "why": "Policy refused what the customer wants.",
    "detail": None,
    "customer": {"id": "cus_dora", "user": "dora", "role": "owner", "channel": "chat"},
    "facts": {
        "list_charges": {
            "charges": [
                {"id": "ch_dora", "amount": {"amount": 4900, "currency": "usd", "display": "$49.00"}, "disputed": True},
                {"id": "ch_two", "amount": {"amount": 2000, "currency": "usd", "display": "$20.00"}, "disputed": False},
            ],
            "more": False,
            "note": None,
        },
        "search_knowledge": {"passages": [{"article": "a", "title": "Disputes", "heading": "Issue", "text": "Long."}]},
        "diagnose": {"status": "amber", "explanation": "A charge is disputed."},
    },
    "tried": [
        {
            "tool": "refund",
            "arguments": {"charge": "ch_dora", "amount": None},
            "verdict": "deny",
            "rule": "refund.disputed",
            "reason": "The charge is disputed.",
            "facts": {"dispute": "dp_1"},
            "remedy": "The dispute is withdrawn.",
            "status": "refused",
            "stripe_id": None,
            "failure": None,
        }
    ],
    "stopped_by": [{"tool": "refund", "rule": "refund.disputed", "reason": "The charge is disputed."}],
    "pending_effects": [],
    "unavailable": ["list_refunds"],
    "news": {"of": "tomorrow"},
    "conversation": [{"from": "customer:dora", "kind": "inbound", "text": "Give it back."}],
    "suggested_reply": {"text": "Your bank is looking into it.", "checked": False},
}


def test_a_refusal_is_told_with_its_rule_its_facts_and_what_would_change_it() -> None:
    told = dict(on_paper(PACKET))["Tried: refund"].splitlines()
    assert told == [
        "with charge ch_dora",
        "refused, by rule refund.disputed: The charge is disputed.",
        "compared (money in minor units): dispute dp_1",
        "what would change the answer: The dispute is withdrawn.",
        "outcome: refused",
    ]


def test_the_diagnosis_comes_before_the_lists_and_the_reply_last() -> None:
    headings = [heading for heading, _ in on_paper(PACKET)]
    assert headings == [
        "Why it is with you",
        "Customer",
        "Tried: refund",
        "Could not be read",
        "News",
        "diagnose",
        "list charges",
        "search knowledge",
        "Suggested reply (not checked)",
    ]


def test_facts_are_lines_with_money_as_it_is_written() -> None:
    told = dict(on_paper(PACKET))
    assert told["list charges"].splitlines() == [
        "- id ch_dora, amount $49.00, disputed yes",
        "- id ch_two, amount $20.00",
    ]
    assert told["search knowledge"] == "- title Disputes, heading Issue"
    assert told["diagnose"].splitlines() == ["status: amber", "explanation: A charge is disputed."]
    assert told["News"] == "of tomorrow"


def test_a_packet_without_a_turn_is_told_too() -> None:
    returned = {
        "reason": "refund_returned",
        "why": "It came back.",
        "failure": "refund_failed:x",
        "facts": {"refund": "re_1"},
    }
    assert list(on_paper(returned)) == [
        ("Why it is with you", "It came back."),
        ("Failure", "refund_failed:x"),
        ("refund", "re_1"),
    ]
