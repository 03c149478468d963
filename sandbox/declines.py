"""What a declined card looks like: codes, advice, wording (docs.stripe.com/declines/codes)."""

from dataclasses import dataclass
from typing import Any

from sandbox.errors import StripeError
from sandbox.world import Json

TRY_LATER, DO_NOT_TRY, CONFIRM_DATA = "try_again_later", "do_not_try_again", "confirm_card_data"


@dataclass(frozen=True)
class Decline:
    """One refusal: `code` is the error code, `decline_code` the issuer's reason, `network_code` the network's."""

    code: str
    decline_code: str
    message: str
    advice_code: str | None = None
    network_code: str | None = None
    param: str | None = None
    blocked: bool = False

    def details(self, charge_id: str | None) -> Json:
        """The fields shared by the error and `last_payment_error`."""
        fields: dict[str, Any] = {
            "advice_code": self.advice_code,
            "charge": charge_id,
            "code": self.code,
            "decline_code": self.decline_code,
            "doc_url": f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}",
            "message": self.message,
            "network_decline_code": self.network_code,
            "param": self.param,
            "type": "card_error",
        }
        return {name: value for name, value in fields.items() if value is not None}

    def error(self, charge_id: str | None = None, *, commit: bool = False, **objects: Json) -> StripeError:
        """The 402. `objects`: `payment_intent` or `payment_method`, shown whole inside the error."""
        return StripeError(
            402,
            "card_error",
            self.message,
            code=self.code,
            param=self.param,
            commit=commit,
            extra={**self.details(charge_id), **objects},
        )


_PLAIN = "Your card was declined."

DECLINES: dict[str, Decline] = {
    decline.decline_code: decline
    for decline in (
        Decline("card_declined", "generic_decline", _PLAIN, TRY_LATER, "01"),
        Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.", TRY_LATER, "51"),
        Decline("card_declined", "lost_card", _PLAIN, DO_NOT_TRY, "41"),
        Decline("card_declined", "stolen_card", _PLAIN, DO_NOT_TRY, "43"),
        Decline("card_declined", "pickup_card", _PLAIN, DO_NOT_TRY, "04"),
        Decline("card_declined", "restricted_card", _PLAIN, DO_NOT_TRY, "62"),
        Decline("card_declined", "stop_payment_order", _PLAIN, DO_NOT_TRY, "R0"),
        Decline("card_declined", "revocation_of_authorization", _PLAIN, DO_NOT_TRY, "R1"),
        Decline("card_declined", "revocation_of_all_authorizations", _PLAIN, DO_NOT_TRY, "R3"),
        Decline("card_declined", "do_not_try_again", _PLAIN, DO_NOT_TRY),
        Decline(
            "card_declined",
            "transaction_not_allowed",
            "Your card does not support this type of purchase.",
            DO_NOT_TRY,
            "57",
        ),
        Decline("card_declined", "fraudulent", _PLAIN, blocked=True),
        Decline("card_declined", "do_not_honor", _PLAIN, TRY_LATER, "05"),
        Decline("card_declined", "call_issuer", _PLAIN, TRY_LATER),
        Decline("card_declined", "issuer_not_available", _PLAIN, TRY_LATER, "91"),
        Decline("card_declined", "try_again_later", _PLAIN, TRY_LATER),
        Decline("card_declined", "withdrawal_count_limit_exceeded", _PLAIN, TRY_LATER, "65"),
        Decline(
            "card_declined",
            "card_velocity_exceeded",
            "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
            TRY_LATER,
            "61",
        ),
        Decline("expired_card", "expired_card", "Your card has expired.", CONFIRM_DATA, "54", "exp_month"),
        Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", CONFIRM_DATA, "N7", "cvc"),
        Decline(
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
            TRY_LATER,
        ),
        Decline(
            "authentication_required",
            "authentication_required",
            "Your card was declined. This transaction requires authentication.",
            network_code="1A",
        ),
        Decline(
            "card_declined",
            "test_mode_live_card",
            "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of "
            "valid test cards, visit: https://docs.stripe.com/testing.",
        ),
    )
}


def invalid_card(code: str, message: str, param: str) -> StripeError:
    """Card data that no issuer needs to see (`incorrect_number`, `invalid_expiry_month`, …)."""
    return StripeError(402, "card_error", message, code=code, param=param)
