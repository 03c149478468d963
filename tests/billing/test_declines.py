import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.declines import DeclineClass, by_bank, classify, reason
from billing.facts import Decline


def decline(decline_code: str | None, advice_code: str | None = None, code: str = "card_declined") -> Decline:
    return Decline(code=code, decline_code=decline_code, advice_code=advice_code, message="Your card was declined.")


# docs.stripe.com/declines/codes
@pytest.mark.parametrize(
    ("decline_code", "expected"),
    [
        ("processing_error", DeclineClass.RETRY_LATER),
        ("issuer_not_available", DeclineClass.RETRY_LATER),
        ("try_again_later", DeclineClass.RETRY_LATER),
        ("reenter_transaction", DeclineClass.RETRY_LATER),
        ("approve_with_id", DeclineClass.RETRY_LATER),
        ("insufficient_funds", DeclineClass.RETRY_MUCH_LATER),
        ("card_velocity_exceeded", DeclineClass.RETRY_MUCH_LATER),
        ("withdrawal_count_limit_exceeded", DeclineClass.RETRY_MUCH_LATER),
        ("authentication_required", DeclineClass.CUSTOMER_MUST_ACT),
        ("incorrect_cvc", DeclineClass.CUSTOMER_MUST_ACT),
        ("incorrect_number", DeclineClass.CUSTOMER_MUST_ACT),
        ("expired_card", DeclineClass.CUSTOMER_MUST_ACT),
        ("do_not_honor", DeclineClass.CUSTOMER_MUST_ACT),
        ("generic_decline", DeclineClass.CUSTOMER_MUST_ACT),
        ("call_issuer", DeclineClass.CUSTOMER_MUST_ACT),
        ("lost_card", DeclineClass.NEVER_RETRY),
        ("stolen_card", DeclineClass.NEVER_RETRY),
        ("pickup_card", DeclineClass.NEVER_RETRY),
        ("restricted_card", DeclineClass.NEVER_RETRY),
        ("revocation_of_authorization", DeclineClass.NEVER_RETRY),
        ("revocation_of_all_authorizations", DeclineClass.NEVER_RETRY),
        ("stop_payment_order", DeclineClass.NEVER_RETRY),
        ("transaction_not_allowed", DeclineClass.NEVER_RETRY),
        ("highest_risk_level", DeclineClass.NEVER_RETRY),
        ("fraudulent", DeclineClass.NEVER_RETRY),
        ("do_not_try_again", DeclineClass.NEVER_RETRY),
        ("a_code_stripe_adds_next_year", DeclineClass.CUSTOMER_MUST_ACT),
    ],
)
def test_without_advice_the_decline_code_decides(decline_code: str, expected: DeclineClass):
    assert classify(decline(decline_code)) is expected


def test_the_error_code_also_speaks_beside_a_decline_code():
    assert classify(decline("a_new_code", code="stolen_card")) is DeclineClass.NEVER_RETRY
    authentication = decline("processing_error", "try_again_later", code="authentication_required")
    assert classify(authentication) is DeclineClass.CUSTOMER_MUST_ACT


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("expired_card", DeclineClass.CUSTOMER_MUST_ACT),
        ("processing_error", DeclineClass.RETRY_LATER),
        ("authentication_required", DeclineClass.CUSTOMER_MUST_ACT),
        ("card_declined", DeclineClass.CUSTOMER_MUST_ACT),
    ],
)
def test_the_error_code_speaks_where_there_is_no_decline_code(code: str, expected: DeclineClass):
    assert classify(decline(None, code=code)) is expected


def test_advice_comes_first():
    assert classify(decline("generic_decline", "try_again_later")) is DeclineClass.RETRY_LATER
    assert classify(decline("generic_decline", "do_not_try_again")) is DeclineClass.NEVER_RETRY
    assert classify(decline("processing_error", "confirm_card_data")) is DeclineClass.CUSTOMER_MUST_ACT
    assert classify(decline("processing_error", "an_advice_of_next_year")) is DeclineClass.CUSTOMER_MUST_ACT


def test_a_reason_refines_later_into_much_later():
    assert classify(decline("insufficient_funds", "try_again_later")) is DeclineClass.RETRY_MUCH_LATER


@pytest.mark.parametrize("decline_code", ["lost_card", "stolen_card", "fraudulent"])
def test_no_advice_talks_a_forbidden_card_into_another_try(decline_code: str):
    assert classify(decline(decline_code, "try_again_later")) is DeclineClass.NEVER_RETRY


def test_waiting_never_replaces_an_authentication():
    assert classify(decline("authentication_required", "try_again_later")) is DeclineClass.CUSTOMER_MUST_ACT


@given(st.text(max_size=40), st.none() | st.text(max_size=40), st.none() | st.text(max_size=40))
def test_any_words_get_a_class_and_unknown_ones_never_an_automatic_retry(
    code: str, decline_code: str | None, advice_code: str | None
):
    given_decline = decline(decline_code, advice_code, code)
    assert classify(given_decline) in DeclineClass
    assert reason(given_decline) == (decline_code or code)


def test_only_a_card_error_is_the_banks_no():
    """docs.stripe.com/error-codes: those whose type is `card_error`."""
    assert all(by_bank(failure) for failure in ("card_declined:do_not_honor", "expired_card"))
    others = ["", "key_rejected", "permission_missing", "rate_limited", "not_paid", "refund_failed:x"]
    assert not any(by_bank(failure) for failure in others)
