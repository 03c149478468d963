"""All endpoints of the sandbox: add a resource's module here."""

from sandbox import (
    balance,
    charges,
    customer_balance,
    customers,
    disputes,
    events_api,
    invoice_items,
    invoice_payments,
    invoices,
    meter_events,
    meter_summaries,
    meters,
    payment_intents,
    payment_methods,
    portal,
    previews,
    prices,
    products,
    refunds,
    subscription_changes,
    subscription_endings,
    subscriptions,
)
from sandbox.routing import Route

MODULES = (
    balance,
    charges,
    customer_balance,
    customers,
    disputes,
    events_api,
    invoice_items,
    invoice_payments,
    invoices,
    meter_events,
    meter_summaries,
    meters,
    payment_intents,
    payment_methods,
    portal,
    previews,
    prices,
    products,
    refunds,
    subscription_changes,
    subscription_endings,
    subscriptions,
)

ALL: list[Route] = [route for module in MODULES for route in module.ROUTES]
