"""The diagnosis of every customer of the demo company, through the product's own reads."""

import pytest

from billing.diagnosis import RecommendedAction, RootCause, Status
from sandbox.demo.roster import STORIES
from tests.diagnosis.bench import Bench

TOLD: dict[str, list[RootCause]] = {
    "cus_maya": [RootCause.HEALTHY],
    "cus_otto": [RootCause.HEALTHY],
    "cus_nina": [RootCause.DUPLICATE_CHARGE],
    "cus_omar": [RootCause.HEALTHY],
    "cus_dana": [RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS],
    "cus_ella": [RootCause.CARD_EXPIRED],
    "cus_ravi": [RootCause.MID_CYCLE_UPGRADE_PRORATION],
    "cus_tess": [RootCause.HEALTHY],
    "cus_carl": [RootCause.HEALTHY],
    "cus_hugo": [RootCause.HEALTHY],
    "cus_mona": [RootCause.HEALTHY],
    "cus_iris": [RootCause.AUTHENTICATION_REQUIRED],
    "cus_paul": [RootCause.PAID_BUT_LOCKED_OUT, RootCause.MID_CYCLE_UPGRADE_PRORATION],
    "cus_uma": [RootCause.USAGE_SPIKE],
    "cus_dora": [RootCause.CHARGE_DISPUTED],
    "cus_gwen": [RootCause.HEALTHY],
    "cus_lola": [RootCause.CARD_MUST_NOT_BE_RETRIED],
    "cus_finn": [RootCause.TRIAL_ENDING_WITHOUT_CARD],
    "cus_joan": [RootCause.CARD_DECLINED_BY_BANK],
    "cus_kira": [RootCause.PAYMENT_PROCESSING_ERROR],
    "cus_zara": [RootCause.SUBSCRIPTION_CANCELED_UNPAID, RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS],
    "cus_yves": [RootCause.CARD_EXPIRES_BEFORE_RENEWAL],
    "cus_sage": [RootCause.NO_PAYMENT_METHOD],
    "cus_remy": [RootCause.REFUND_PENDING],
    "cus_fern": [RootCause.REFUND_FAILED],
    "cus_quin": [RootCause.CANCELLATION_SCHEDULED],
    "cus_nell": [RootCause.SUBSCRIPTION_ENDED],
    "cus_ines": [RootCause.INVOICE_OVERDUE],
    "cus_olga": [RootCause.PAYMENT_LINK_EXPIRED],
    "cus_bela": [RootCause.CUSTOMER_CREDIT],
    "cus_ivan": [RootCause.HEALTHY],
    "cus_lena": [RootCause.HEALTHY],
    "cus_vera": [RootCause.METERED_OVERAGE_BILLED],
    "cus_yuri": [RootCause.USAGE_BILLED_DIFFERS],
    "cus_eton": [RootCause.INVOICE_DUE, RootCause.METERED_OVERAGE_BILLED, RootCause.ENTERPRISE_ACCOUNT],
    "cus_kenji": [RootCause.HEALTHY],
    "cus_cora": [RootCause.CARD_DETAILS_INCORRECT],
    "cus_gabe": [RootCause.CARD_MUST_NOT_BE_RETRIED],
    "cus_vick": [RootCause.CARD_DECLINED_INSUFFICIENT_FUNDS],
    "cus_jude": [RootCause.DUPLICATE_SUBSCRIPTION],
    "cus_wade": [RootCause.REFUNDED_ALREADY],
    "cus_anna": [RootCause.RENEWED_RECENTLY_YEARLY],
    "cus_hank": [
        RootCause.SUBSCRIPTION_CANCELED_UNPAID,
        RootCause.CARD_DECLINED_BY_BANK,
        RootCause.UNPAID_BUT_UNLOCKED,
    ],
    "cus_ruth": [RootCause.PLAN_OVER_GRANTED],
    "cus_igor": [RootCause.HEALTHY],
    "cus_cody": [RootCause.DISCOUNT_ENDED],
    "cus_cleo": [RootCause.HEALTHY],
    "cus_cass": [RootCause.HEALTHY],
    "cus_tina": [RootCause.TAX_ID_MISSING],
    "cus_vito": [RootCause.TAX_ID_UNVERIFIED],
    "cus_lara": [RootCause.CHECKOUT_LINK_EXPIRED],
    "cus_toby": [RootCause.SCHEDULED_PLAN_CHANGE],
    "cus_milo": [RootCause.SUBSCRIPTION_PAUSED],
    "cus_mira": [RootCause.HEALTHY],
}


def test_nobody_is_left_out():
    assert set(TOLD) == {story.customer for story in STORIES}


@pytest.mark.parametrize("customer", TOLD)
async def test_diagnosis(bench: Bench, customer: str):
    assert await bench.causes(customer) == TOLD[customer]


async def test_looking_changes_nothing(bench: Bench):
    before = bench.app.world.snapshot()
    for customer in TOLD:
        await bench.diagnosis(customer)
    assert bench.app.world.snapshot() == before


async def test_what_is_said_rests_on_objects_that_exist(bench: Bench):
    world = bench.app.world.snapshot()
    kinds = {"invoice", "charge", "refund", "dispute", "subscription", "payment_method", "customer"}
    for customer in TOLD:
        found = await bench.diagnosis(customer)
        for evidence in (*found.evidence, *(each for finding in found.also for each in finding.evidence)):
            if evidence.kind in kinds:
                owner = world[evidence.kind][evidence.value].get("customer", customer)
                assert owner in (customer, None)


async def test_nina_is_told_what_her_world_shows(bench: Bench):
    found = await bench.diagnosis("cus_nina")
    assert found.status is Status.AMBER
    assert found.explanation == (
        "You were charged $49.00 twice on 19 November 2026 for the same purchase. The second charge looks like a "
        "duplicate that can be refunded."
    )
    assert found.evidence == (("charge", "ch_ninaTwo"), ("duplicate_of", "ch_ninaOne"))
    assert found.recommended_action is RecommendedAction.REFUND_DUPLICATE


async def test_wade_is_told_when_and_who(bench: Bench):
    found = await bench.diagnosis("cus_wade")
    assert found.explanation == (
        "Your payment of $49.00 from 11 November 2026 was refunded in full on 19 November 2026 by a colleague. Banks "
        "usually take 5 to 10 days to show it."
    )
    assert found.evidence == (("refund", "re_wade"), ("charge", "ch_wade"), ("refunded_by", "dashboard"))


async def test_what_the_product_gives_away_is_told_with_its_price(bench: Bench):
    ruth = await bench.diagnosis("cus_ruth")
    assert ruth.explanation == (
        "Your workspace has the Business plan, which is sold for $200.00 a month, while your subscription pays $60.00 "
        "a month for Team. A colleague has to settle which of the two is meant."
    )
    assert str(ruth.at_stake) == "$140.00"
    hank = next(
        one for one in (await bench.diagnosis("cus_hank")).also if one.root_cause is RootCause.UNPAID_BUT_UNLOCKED
    )
    assert str(hank.at_stake) == "$60.00"


async def test_toby_is_told_what_becomes_what(bench: Bench):
    found = await bench.diagnosis("cus_toby")
    assert found.explanation == (
        "Your plan is set to change on 1 December 2026 from Team at $60.00 a month to Starter at $20.00 a month. Until "
        "then nothing changes."
    )
    assert found.evidence == (("subscription", "sub_toby"), ("schedule", "sub_sched_toby"))


async def test_milo_is_told_that_his_card_is_enough(bench: Bench):
    found = await bench.diagnosis("cus_milo")
    assert found.explanation == (
        "Your Team subscription is paused: its trial is over and there was no card to continue with. Your card ending "
        "4242 is on file now, so it can start again; its first period is paid then."
    )
    assert found.recommended_action is RecommendedAction.RESUME_SUBSCRIPTION


async def test_lola_is_not_told_why(bench: Bench):
    assert "lost" not in str(await bench.diagnosis("cus_lola"))
