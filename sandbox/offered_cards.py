"""The test cards that the hosted pages offer, each with what it will do (docs.stripe.com/testing)."""

from sandbox.errors import StripeError
from sandbox.world import Json

CARDS = [
    {"value": "pm_card_visa", "name": "Visa ending in 4242", "does": "works"},
    {"value": "pm_card_mastercard", "name": "Mastercard ending in 4444", "does": "works"},
    {"value": "pm_card_authenticationRequired", "name": "Visa ending in 3184", "does": "asks for 3-D Secure"},
    {"value": "pm_card_chargeCustomerFail", "name": "Visa ending in 0341", "does": "can be saved, then is declined"},
    {
        "value": "pm_card_visa_chargeDeclinedInsufficientFunds",
        "name": "Visa ending in 9995",
        "does": "declined: insufficient funds",
    },
    {"value": "pm_card_visa_chargeDeclinedLostCard", "name": "Visa ending in 9987", "does": "declined: lost card"},
    {"value": "pm_card_chargeDeclinedExpiredCard", "name": "Visa ending in 0069", "does": "declined: expired card"},
]
_OFFERED = {card["value"] for card in CARDS}
_BRANDS = {"amex": "American Express", "diners": "Diners Club", "jcb": "JCB", "unionpay": "UnionPay"}


def chosen(form: Json) -> str:
    """The card a form names. Raises StripeError 400 for one that was not offered."""
    card = form.get("card")
    if card not in _OFFERED:
        raise StripeError(400, "invalid_request_error", "Choose one of the cards offered.", param="card")
    return str(card)


def card_text(method: Json) -> str:
    """A saved card as `Visa ending in 4242, valid until 07/2027`."""
    card = method["card"]
    brand = _BRANDS.get(card["brand"], card["brand"].title())
    return f"{brand} ending in {card['last4']}, valid until {card['exp_month']:02d}/{card['exp_year']}"
