"""Which payment method pays an invoice: its own, the subscription's, then the customer's invoice default.

docs.stripe.com/billing/subscriptions/payment-methods-setting
"""

from sandbox.calls import Call
from sandbox.errors import StripeError, invalid_request
from sandbox.subscription_status import subscription_of
from sandbox.world import Json


def check_payment_method(call: Call, method_id: str | None, customer_id: str, param: str) -> None:
    """A payment method named for a customer must be attached to that customer."""
    if not method_id:
        return
    method = call.need("payment_method", method_id, param)
    if method["customer"] != customer_id:
        raise invalid_request(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached "
            "to the customer.",
            param=param,
            code="resource_missing",
        )


def chosen_method(call: Call, invoice: Json) -> str | None:
    """The id of the payment method an automatic payment would use, skipping ones that were detached since."""
    subscription = subscription_of(call, invoice)
    customer = call.need("customer", invoice["customer"])
    for method_id in (
        invoice["default_payment_method"],
        subscription["default_payment_method"] if subscription else None,
        customer["invoice_settings"]["default_payment_method"],
    ):
        method = call.find("payment_method", method_id)
        if method and method["customer"] == customer["id"]:
            return method["id"]
    return None


def no_method() -> StripeError:
    """Nothing to charge."""
    return invalid_request(
        "This customer has no attached payment source or default payment method. Please consider adding a default "
        "payment method. For more information, visit "
        "https://docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority.",
        code="resource_missing",
    )
