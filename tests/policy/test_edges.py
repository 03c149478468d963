"""One cent, one month, one row to either side: the edges that faults planted in the law were found to hide behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.discounts import DiscountFacts
from billing.ids import CaseId, CustomerId, IntentId
from billing.money import Money
from policy.decisions import Allow, Deny, NeedsConfirmation
from policy.effects import EffectRefused, FactsUnavailable, Intent, Receipt
from policy.law import human_budget, over_human_limit
from policy.proposals import consent_digest
from policy.question import Approval
from policy.rows import failure_of, receipt_of
from policy.settlement import Status
from store.errors import NotFound
from tests.billing import made
from tests.policy.asked import (
    ask,
    ask_with_yes,
    cancel_case,
    credit_case,
    paused_case,
    plan_case,
    promotion_case,
    question,
    refund_case,
    resume_case,
    retry_case,
)
from tests.policy.house import (
    QUICK,
    House,
    cancel,
    change,
    charge,
    coupon,
    credit,
    invoice,
    item,
    promo,
    promotion,
    refund,
    resume,
    retry,
    subscription,
    usd,
)
from tests.policy.stripe_twin import noon
from tests.policy.test_ledger import intent


def test_what_a_human_may_approve_is_told_with_its_cap() -> None:
    asked = question(refund(), refund_case())
    over = over_human_limit(asked, usd(-500_001))
    assert over is not None
    assert over.facts == {"amount": 500_001, "cap": 500_000}
    assert over_human_limit(asked, usd(-500_000)) is None
    unknown = over_human_limit(asked, Money(1, "chf"))
    assert unknown is not None
    assert unknown.facts == {"amount": 1, "cap": None}


@pytest.mark.parametrize(("value", "counted"), [(None, []), (usd(0), []), (usd(1), [1]), (usd(-1), [1])])
def test_one_cent_counts_in_a_humans_day_and_nothing_does_not(value: Money | None, counted: list[int]) -> None:
    """The ledger holds no amount of nothing: a change that is free and approved would be refused for it."""
    held = human_budget(question(refund(), refund_case()), Approval("ok_1", "hanna"), value)
    assert [entry.amount for entry in held] == counted


def test_a_disputed_charge_and_stripes_next_try_are_told() -> None:
    assert ask(refund(), refund_case(charge=charge(disputed=True))).facts == {"disputed": True}
    asked = ask(retry(), retry_case(invoice=invoice(next_payment_attempt=noon())))
    assert asked.facts["next_payment_attempt"] == noon().isoformat()


@pytest.mark.parametrize(
    ("ended", "reason", "remedy"),
    [
        ({"status": "canceled"}, "has already ended.", "you can subscribe on the plans page."),
        ({"cancel_at_period_end": True}, "set to end with the current period.", "If it should end at once"),
    ],
)
def test_what_has_ended_and_what_will_end_are_told_apart(ended: dict[str, Any], reason: str, remedy: str) -> None:
    told = ask(cancel(), cancel_case(subscription=subscription(**ended)))
    assert isinstance(told, Deny)
    assert reason in told.customer_reason
    assert remedy in told.customer_remedy
    assert ("has ended" in told.reason) is ("status" in ended)


@pytest.mark.parametrize(
    ("key", "entry"), [("lee-int_1-" + "ab" * 32, "ab" * 32), ("lee-int_1", None), ("somebody-elses", None)]
)
def test_an_effect_carries_the_entry_that_decided_it(key: str, entry: str | None) -> None:
    sent = Intent(
        IntentId("int_1"), CaseId("case_1"), CustomerId("cus_me"), refund(), "refund:ch_one:1", key, None, noon(), 1
    )
    known = {"lee_intent": "int_1", "lee_operation": "refund:ch_one:1", "lee_case": "case_1"}
    assert sent.metadata == (known if entry is None else {**known, "lee_entry": entry})


def test_a_failed_effect_says_what_stripe_said() -> None:
    refused = EffectRefused("card_declined", "Your card was declined.")
    assert (str(refused), refused.message) == ("Your card was declined.", "Your card was declined.")


async def test_what_was_done_is_told_again_as_it_was(house: House) -> None:
    done = await house.ask(refund())
    [row] = house.intents()
    told = {"kind": "refund", "stripe_id": "re_1", "status": "succeeded", "details": {"days": 3, "card": "4242"}}
    with house.store.look() as uow:
        kept = replace(uow.ledger.get(row.id), receipt={**told, "amount": 2000, "currency": "usd"})
    assert receipt_of(kept) == Receipt("refund", "re_1", "succeeded", usd(2000), {"days": 3, "card": "4242"})
    assert (failure_of(kept), done.failure) == (None, None)


def test_a_kept_yes_fits_what_it_was_said_to_in_every_version(house: House) -> None:
    """Digests are kept: another order of the fields, or of the parts, would make every waiting yes void."""
    digest = consent_digest(house.propose("case_1", refund("ch_one", 500)), "Refund $5.00.")
    assert digest == "675a9afd4e940d2a73d74fbf9b5d04f6c68a266f5d0278c66184e0cc95496988"


@pytest.mark.parametrize(
    ("patience", "error", "said"),
    [(0.01, None, "the source did not answer in time."), (5, FactsUnavailable("Stripe is away."), "Stripe is away.")],
)
async def test_why_the_facts_could_not_be_read_is_said(
    house: House, monkeypatch: pytest.MonkeyPatch, patience: float, error: Exception | None, said: str
) -> None:
    async def facts(*_: object) -> Any:
        if error is not None:
            raise error
        await asyncio.sleep(5)

    monkeypatch.setattr(house.stripe, "facts", facts)
    gate = house.another_gate(patience=replace(QUICK, facts_seconds=patience))
    told = (await gate.submit(house.propose(house.case(), refund()))).decision
    assert (told.rule, told.reason) == ("facts.unavailable", f"The facts could not be read: {said}")


def test_a_credit_is_told_with_the_balance_it_goes_to() -> None:
    told = ask(credit(1000), credit_case(customer=made.customer(balance=usd(-300))))
    assert isinstance(told, Allow)
    assert (
        told.facts.items() >= {"amount": 1000, "grounds": "service_outage", "balance": -300, "currency": "usd"}.items()
    )


@pytest.mark.parametrize(
    ("due", "words", "held"),
    [
        (1, "$0.01 is charged now", 0),
        (0, "nothing is charged now", 0),
        (-1, "$0.01 is credited to your account", 2),
    ],
)
def test_one_cent_of_a_plan_change_is_shown_and_held(due: int, words: str, held: int) -> None:
    first = ask(change(due), plan_case(amount_due=usd(due)))
    assert isinstance(first, NeedsConfirmation)
    assert words in first.shown
    allowed = ask_with_yes(change(due), plan_case(amount_due=usd(due)))
    assert isinstance(allowed, Allow)
    assert [entry.amount for entry in allowed.reservations] == [1] * held


def test_a_code_for_everybody_is_good_for_who_has_paid_before() -> None:
    assert isinstance(ask_with_yes(promo(), promotion_case(has_paid=True)), Allow)
    first_only = ask(promo(), promotion_case(has_paid=True, promotion=promotion(first_time_only=True)))
    assert isinstance(first_only, Deny)
    assert (first_only.rule, first_only.facts) == ("promotion.first_time", {"has_paid": True})


def test_a_discount_of_one_cent_holds_one_cent() -> None:
    """20 % of 5 cents on the next invoice."""
    cheap = item(unit_amount=usd(5))
    priced = tuple(replace(each, item=cheap) for each in promotion_case().items)
    once = promotion(coupon=coupon(duration="once", months=None))
    facts = promotion_case(subscription=subscription(items=(cheap,)), items=priced, promotion=once)
    allowed = ask_with_yes(promo(), facts)
    assert isinstance(allowed, Allow)
    assert allowed.value == usd(1)
    assert [entry.amount for entry in allowed.reservations] == [1, 1, 1]  # customer, day, and the code itself


def test_the_first_of_two_discounts_is_named() -> None:
    held = (DiscountFacts("di_1", "one", None, None, noon(30)), DiscountFacts("di_2", "two", None, None))
    denied = ask(promo(), promotion_case(discounts=held))
    assert denied.facts == {"discount": "one", "until": noon(30).isoformat()}


def test_an_end_that_was_agreed_is_another_answer_than_no_end() -> None:
    agreed = ask(resume(), resume_case(subscription=subscription("sub_ending", cancel_at=noon(28))))
    assert isinstance(agreed, Deny)
    assert (agreed.rule, agreed.remedy) == ("resume.fixed_end", "A colleague changes the agreed day.")
    assert "agreed" in agreed.reason
    assert "colleague" in agreed.customer_reason
    assert agreed.customer_remedy == ""
    assert agreed.facts == {"cancel_at_period_end": False, "cancel_at": noon(28).isoformat()}
    running = ask(resume(), resume_case(subscription=subscription("sub_ending")))
    assert isinstance(running, Deny)
    assert (running.rule, running.remedy) == ("resume.not_ending", "Nothing is left to do.")
    assert "not set to end" in running.reason
    assert "renews as usual" in running.customer_reason
    assert running.customer_remedy == "Nothing is left to do."


def test_of_several_items_the_first_that_renews_counts_for_going_on_and_the_last_for_access() -> None:
    later = item(id="si_two", current_period_end=noon(28), current_period_start=noon(1))
    sooner = item(current_period_end=noon(24), current_period_start=noon(10))
    both = subscription("sub_ending", items=(later, sooner), cancel_at_period_end=True)
    going_on = ask(resume(), resume_case(subscription=both))
    assert isinstance(going_on, NeedsConfirmation)
    assert "renews on 24 November 2026" in going_on.shown
    ending = ask(cancel(), cancel_case(subscription=replace(both, id=subscription().id, cancel_at_period_end=False)))
    assert isinstance(ending, NeedsConfirmation)
    assert "access stays until 28 November 2026" in ending.shown


@pytest.mark.parametrize(
    ("month", "year", "good"), [(1, 2027, True), (0, 2027, False), (12, 2026, True), (13, 2026, False)]
)
def test_the_months_of_a_card(month: int, year: int, good: bool) -> None:
    card = replace(made.card("pm_one"), exp_month=month, exp_year=year)
    answer = ask(resume("sub_paused"), paused_case(payment_method=card))
    assert isinstance(answer, NeedsConfirmation) == good
    assert good or answer.rule == "resume.card_expired"


def test_an_open_invoice_is_none_of_the_business_of_one_that_is_not_paused() -> None:
    assert isinstance(ask(resume(), resume_case(open_invoice="in_one")), NeedsConfirmation)


async def test_the_operation_key_takes_the_period_that_began_first(house: House) -> None:
    starts = (noon(14), noon(2))
    items = tuple(item(id=f"si_{n}", current_period_start=at) for n, at in enumerate(starts))
    house.stripe.subscriptions["sub_one"] = subscription(items=items)
    answer = await house.consented(house.propose(house.case(), cancel()))
    assert answer.intent is not None
    assert f":{int(noon(2).timestamp())}:" in answer.intent.operation_key


async def test_an_operation_that_was_begun_before_is_refused_and_written_down(house: House) -> None:
    """Not through the gate: it would have counted the attempt. The database itself says no."""
    case = house.case()
    with house.store.unit() as uow:
        row = replace(intent(uow, case, 9, "elsewhere"), id="int_8", target="elsewhere_too", proposal_id="prop_8")
        uow.proposals.decided(replace(uow.proposals.get("prop_9"), id="prop_8"))
        uow.ledger.reserve(replace(row, operation_key=f"refund:ch_one:{case}:1", idempotency_key="key_8"))
    answer = await house.ask(refund(), case, id_="prop_again")
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "ledger.conflict")
    assert answer.decision.reason == "That operation has been started already."
    assert house.stripe.calls == []
    assert [entry["rule"] for _, entry in house.log(case) if entry.get("proposal") == "prop_again"] == [
        "ledger.conflict"
    ]


async def test_every_refusal_while_one_is_in_flight_is_written_down(house: House) -> None:
    case = house.case()
    waiting = house.propose(case, retry())
    assert (await house.gate.submit(waiting)).status is Status.WAITING
    house.stripe.faults.extend(["lost_before"] * 3)
    house.stripe.find_faults.extend(["down"] * 3)
    assert (await house.consented(house.propose(case, retry()))).status is Status.PENDING
    for _ in range(2):
        assert (await house.gate.submit(waiting)).decision.rule == "ledger.in_flight"
    told = [entry["rule"] for _, entry in house.log(case) if entry.get("proposal") == waiting.id]
    assert told == ["retry.confirmation", "ledger.in_flight", "ledger.in_flight"]


def test_the_ledger_lists_a_case_and_what_is_open_oldest_first(house: House) -> None:
    case, other = house.case(), house.case()
    with house.store.unit() as uow:
        first = intent(uow, case, 2)
        uow.proposals.decided(replace(uow.proposals.get("prop_2"), id="prop_x", case_id=other))
        for n, (where, late) in enumerate([(case, 0), (other, 1)]):
            told: dict[str, Any] = {"case_id": where, "proposal_id": ["prop_1", "prop_x"][n], "target": f"t{n}"}
            if n == 0:
                uow.proposals.decided(replace(uow.proposals.get("prop_2"), id="prop_1"))
            created = noon() + timedelta(seconds=1 + late)
            uow.ledger.reserve(
                replace(
                    first, id=f"int_{n}", operation_key=f"o{n}", idempotency_key=f"k{n}", created_at=created, **told
                )
            )
    with house.store.look() as uow:
        assert [row.id for row in uow.ledger.of(case)] == ["int_2", "int_0"]
        assert [row.id for row in uow.ledger.open()] == ["int_2", "int_0", "int_1"]


def test_what_succeeded_since_a_moment_is_listed_with_that_moment_and_taken_back_once(house: House) -> None:
    case = house.case()
    with house.store.unit() as uow:
        for n in (1, 2):
            intent(uow, case, n)
            uow.ledger.settle(f"int_{n}", "succeeded", f"re_{n}", {})
        [one, two] = uow.ledger.succeeded("refund", noon())
        assert (one.id, two.id) == ("int_1", "int_2")
        assert one.settled_at is not None
        assert two.settled_at is not None
        assert [row.id for row in uow.ledger.succeeded("refund", two.settled_at)] == ["int_2"]
        assert uow.ledger.take_back("int_1", "lost")
        assert not uow.ledger.take_back("int_1", "lost")
        assert uow.ledger.get("int_1").settled_at == one.settled_at


def test_an_intent_that_is_not_there_is_named(house: House) -> None:
    with house.store.look() as uow, pytest.raises(NotFound, match=r"(?i)intent.*int_none"):
        uow.ledger.get("int_none")
