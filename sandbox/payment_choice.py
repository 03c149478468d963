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
    """The id of the payment method an automatic payment of the invoice would use."""
    return _first_usable(call, invoice["customer"], invoice, subscription_of(call, invoice))


def subscription_method(call: Call, subscription: Json) -> str | None:
    """The id of the payment method the subscription's next invoice would be paid with."""
    return _first_usable(call, subscription["customer"], subscription)


def _first_usable(call: Call, customer_id: str, *holders: Json | None) -> str | None:
    """Payment methods that were detached since they were chosen are passed over."""
    customer = call.need("customer", customer_id)
    for holder in (*holders, customer["invoice_settings"]):
        method_id = holder["default_payment_method"] if holder else None
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
