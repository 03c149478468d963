"""Odd tickets and missing parts: always a clear answer or a human with a packet, and never a change in the world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.wiring import Unanswering
from evals.harness import Bench
from knowledge.errors import IndexUnavailable
from sandbox.faults import Fault
from tests.house.conftest import ask
from tools.sources import SourceUnavailable

ODD = {
    "empty": "",
    "blank": " \n\t ",
    "a megabyte": "please help " * 90_000,
    "binary": "\x00\x01\x02\xff\xfe\x7f" * 50,
    "emoji": "😡💳💳❓",
    "right to left": "لقد تم خصم المبلغ مرتين من بطاقتي، أريد استرداد أحدهما",
    "another language": "Warum ist meine Rechnung diesen Monat höher als sonst?",
    "one word": "refund",
    "a lone surrogate": "why \ud800 was I charged",
    "markup": "<script>alert(1)</script> {{ 7*7 }} {% raw %} ${x}",
}


def alive(result: dict[str, Any]) -> bool:
    """Answered, asked, or handed over with everything a human needs."""
    if result["outcome"] == "escalated":
        packet = (result["escalation"] or {}).get("packet") or {}
        return bool(result["reply"].strip()) and bool(packet.get("conversation"))
    return bool(result["reply"].strip())


@pytest.mark.parametrize("name", ODD)
async def test_odd_tickets(acme: Any, name: str) -> None:
    async with acme() as copy:
        before = copy.world()
        result = await ask(copy, "cus_hugo", ODD[name])
        assert alive(result)
        assert copy.world() == before


@pytest.mark.parametrize("kind", ["connection_lost", "500", "429", "timeout"])
async def test_stripe_does_not_answer(acme: Any, kind: str) -> None:
    async with acme() as copy:
        copy.sandbox.faults.add(Fault(**FAULTS[kind], count=10_000))
        before = copy.world()
        result = await ask(copy, "cus_nina", "I was charged twice, please refund one.")
        assert result["outcome"] == "escalated"
        assert alive(result)
        assert result["effects"] == []
        assert copy.world() == before


@pytest.mark.parametrize("kind", ["key_expired", "permission_missing"])
async def test_a_no_of_stripe_is_no_no_of_the_bank(acme: Any, kind: str) -> None:
    """Another card, or another yes, would not mend a key that Stripe rejects."""
    async with acme() as copy:
        copy.sandbox.faults.add(Fault(kind, "POST", "/pay$"))
        before = copy.world()
        result = await ask(copy, "cus_kira", "Please try my failed payment again.", confirmed=True)
        assert copy.sandbox.faults.waiting() == []
        assert (result["outcome"], result["effects"]) == ("escalated", [])
        assert "Your card has not been charged." in result["reply"]
        assert "bank" not in result["reply"]
        assert copy.world() == before


FAULTS: dict[str, dict[str, Any]] = {
    "connection_lost": {"kind": "lost_before"},
    "500": {"kind": "error_before"},
    "429": {"kind": "rate_limit"},
    "timeout": {"kind": "timeout_before", "seconds": 100},
}


async def test_the_help_centre_cannot_be_opened(acme: Any, bench: Bench) -> None:
    minds = replace(bench.minds, knowledge=Unanswering(IndexUnavailable("http://127.0.0.1:1", "refused")))
    async with acme(minds=minds) as copy:
        how = await ask(copy, "cus_hugo", "How long do refunds take to arrive, and to which card do they go?")
        assert alive(how)
        assert how["citations"] == how["effects"] == []
        paid = await ask(copy, "cus_nina", "I was charged twice, please refund one.")
        assert [effect["kind"] for effect in paid["effects"]] == ["refund"]


class NoUsage:
    async def of(self, *_: object) -> Any:
        raise SourceUnavailable("usage", "The usage store does not answer.")


class NoEntitlements:
    async def of(self, *_: object) -> Any:
        raise SourceUnavailable("entitlements", "The entitlements do not answer.")


async def test_usage_and_entitlements_do_not_answer(acme: Any) -> None:
    async with acme() as copy:
        desks = replace(copy.house.desks, usage=NoUsage(), entitlements=NoEntitlements())
        lee = replace(copy.house.lee, desks=desks.of)
        house = replace(copy.house, lee=lee, turns=type(copy.house.turns)(lee.take_turn))
        result = await ask(replace(copy, house=house), "cus_dana", "My payment failed. Why, and what now?")
        assert alive(result)
        assert result["effects"] == []


async def test_a_customer_that_stripe_does_not_know_is_told_so_and_offered_a_human(acme: Any) -> None:
    async with acme() as copy:
        before = copy.world()
        result = await ask(copy, "cus_nobody", "Please refund my last payment.")
        assert alive(result)
        assert "human" in result["reply"]
        assert result["effects"] == []
        assert copy.world() == before
