"""No answer from Stripe: find it, send again under the same key while that is safe, claim nothing unknown."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import text

from policy.actions import Action
from policy.effects import Intent
from policy.settlement import Settlement, Status
from tests.policy.house import EFFECTS, House, change, charge, intent_of, link, refund, retry
from tests.policy.stripe_twin import FAULTS


async def start(house: House, action: Action) -> Settlement:
    """Submitted with the yes it needs, so that the next thing to happen is the effect."""
    return await house.consented(house.propose(house.case(), action))


def one_key(house: House) -> None:
    assert len({key for _, key in house.stripe.calls}) == 1


@pytest.mark.parametrize("action", EFFECTS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_then_good_weather(house: House, action: Action, fault: str) -> None:
    house.stripe.faults.append(fault)
    made = await start(house, action)
    assert made.status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    one_key(house)
    house.must_balance()


@pytest.mark.parametrize("action", EFFECTS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_the_fault_stays_until_the_reconciler_finds_out(house: House, action: Action, fault: str) -> None:
    house.stripe.faults.extend([fault] * 3)
    house.stripe.find_faults.extend(["down", "nonsense", "odd"])
    made = await start(house, action)
    house.must_balance(all_settled=False)
    if fault == "rate_limited":  # the one refusal that proves nothing was tried
        assert (made.status, made.failure) == (Status.FAILED, "rate_limited")
        assert house.stripe.made == []
        return
    assert made.status is Status.PENDING
    assert made.receipt is None
    assert made.failure is None
    house.stripe.find_faults.clear()
    assert await house.gate.reconcile() == [intent_of(made).id]
    assert await house.gate.reconcile() == []
    told = await house.gate.submit(made.proposal)
    assert told.status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    one_key(house)
    house.must_balance()


async def test_a_refusal_after_an_unanswered_try_may_only_say_that_it_is_done(house: House) -> None:
    """The refund committed and its answer was lost; Stripe has pruned the key and now calls the charge refunded."""
    house.stripe.faults.append("lost_after")
    house.stripe.find_faults.append("down")
    answers = house.stripe.answers
    original = house.stripe.perform

    async def pruned(intent: Intent) -> object:
        answers.clear()
        return await original(intent)

    house.stripe.perform = pruned
    made = await start(house, refund())
    assert made.status is Status.SUCCEEDED
    assert len(house.stripe.made) == 1
    house.must_balance()


async def test_a_refusal_after_an_unanswered_try_that_cannot_be_looked_up_is_unknown(house: House) -> None:
    house.stripe.faults.append("lost_before")
    house.stripe.declines["pm_one"] = "insufficient_funds"
    house.stripe.find_faults.extend(["down", "down"])
    made = await start(house, retry())
    assert made.status is Status.PENDING
    assert house.held("retries:") == 1
    assert len(await house.gate.reconcile()) == 1
    again = await house.gate.submit(made.proposal)
    assert (again.status, again.failure) == (Status.FAILED, "card_declined:insufficient_funds")
    house.must_balance()


@pytest.mark.parametrize(("hours", "calls"), [(22.9, 4), (23.01, 3)])
async def test_a_key_older_than_23_hours_is_never_sent_again(house: House, hours: float, calls: int) -> None:
    house.stripe.faults.extend(["lost_before"] * 3)
    made = await start(house, refund())
    assert made.status is Status.PENDING
    house.clock.pass_(hours=hours)
    assert len(await house.another_gate().reconcile()) == 1
    assert len(house.stripe.calls) == calls
    told = await house.gate.submit(made.proposal)
    if calls == 4:
        assert told.status is Status.SUCCEEDED
    else:
        assert (told.status, told.failure) == (Status.FAILED, "key_too_old")
        assert house.held("value_out:") == 0
    house.must_balance()


async def test_an_old_effect_is_found_not_made_again(house: House) -> None:
    house.stripe.faults.extend(["lost_after"] * 3)
    house.stripe.find_faults.extend(["down"] * 2)
    made = await start(house, refund())
    house.clock.pass_(days=30)
    assert len(await house.another_gate().reconcile()) == 1
    assert (await house.gate.submit(made.proposal)).status is Status.SUCCEEDED
    assert len(house.stripe.calls) == 3
    house.must_balance()


async def test_an_odd_answer_to_a_look_up_is_none(house: House) -> None:
    """Neither found nor absent: what is no receipt settles nothing."""
    house.stripe.faults.extend(["lost_after"] * 3)
    house.stripe.find_faults.extend(["odd"] * 3)
    made = await start(house, refund())
    assert made.status is Status.PENDING
    assert list(house.stripe.find_faults) == ["odd"]
    assert await house.gate.reconcile() == []
    assert len(await house.gate.reconcile()) == 1
    assert len(house.stripe.made) == 1
    house.must_balance()


async def test_looking_again_and_again_writes_nothing_new(house: House) -> None:
    house.stripe.faults.extend(["lost_before"] * 30)
    house.stripe.find_faults.extend(["down"] * 30)
    made = await start(house, refund())
    size = len(house.log(made.proposal.case))
    for _ in range(5):
        assert await house.gate.reconcile() == []
    assert len(house.log(made.proposal.case)) == size


async def test_an_intent_nobody_understands_does_not_stop_the_others(house: House) -> None:
    house.stripe.charges["ch_two"] = charge("ch_two")
    for id_ in ("ch_one", "ch_two"):
        house.stripe.faults.extend(["lost_before"] * 3)
        await start(house, refund(id_))
    with house.store.unit() as uow:
        uow.connection.execute(text("update intents set tool = 'gone' where target = 'ch_one'"))
    assert len(await house.another_gate().reconcile()) == 1
    assert house.stripe.refunded("ch_two") == 2000
    assert [row.kind for row in house.rows("select kind from audit_entries")].count("effect.stuck") == 1


async def test_a_lost_link_is_made_anew_and_moves_nothing(house: House) -> None:
    house.stripe.faults.extend(["lost_before"] * 3)
    made = await start(house, link())
    assert made.status is Status.PENDING
    again = await house.gate.submit(made.proposal)
    assert again.status is Status.SUCCEEDED
    assert again.receipt is not None
    assert again.receipt.secret


async def test_meanwhile_nothing_else_touches_the_same_object(house: House) -> None:
    house.stripe.faults.extend(["lost_after"] * 3)
    house.stripe.find_faults.extend(["down"] * 2)
    await start(house, refund(amount=500))
    answer = await house.ask(refund(amount=500))
    assert (answer.status, answer.decision.rule) == (Status.REFUSED, "ledger.in_flight")
    await house.gate.reconcile()
    house.must_balance()


@pytest.mark.parametrize("seed", range(25))
async def test_conservation_under_random_faults(house: House, seed: int) -> None:
    """No budget drifts, whatever happens; in the end the world and the ledger tell the same."""
    rng = random.Random(seed)
    for n in range(6):
        house.stripe.charges[f"ch_small{n}"] = charge(f"ch_small{n}", rng.randrange(1, 9000))
    proposals = [
        house.propose(house.case(), rng.choice([refund(f"ch_small{n % 6}", rng.choice([None, 50])), retry(), change()]))
        for n in range(14)
    ]
    for _ in range(2):
        for each in proposals:
            house.stripe.faults.extend(rng.choices((*FAULTS, ""), k=rng.randrange(3)))
            house.stripe.find_faults.extend(rng.choices(("", "down", "nonsense"), k=rng.randrange(3)))
            if rng.random() < 0.2:
                house.stripe.declines["pm_one"] = "insufficient_funds"
            answer = await house.gate.submit(each)
            if answer.decision.rule.endswith(".confirmation") and rng.random() < 0.8:
                house.says_yes(each)
            house.must_balance(all_settled=False)
            house.stripe.declines.clear()
            house.stripe.faults.clear()
            if rng.random() < 0.3:
                await house.another_gate().reconcile()
                house.must_balance(all_settled=False)
    house.stripe.find_faults.clear()
    await house.another_gate().reconcile()
    house.must_balance()
