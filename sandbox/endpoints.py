"""All endpoints of the sandbox: add a resource's module here."""

from sandbox import balance, charges, customers, disputes, events_api, payment_intents, payment_methods, refunds
from sandbox.routing import Route

MODULES = (
    balance,
    charges,
    customers,
    disputes,
    events_api,
    payment_intents,
    payment_methods,
    refunds,
)

ALL: list[Route] = [route for module in MODULES for route in module.ROUTES]
