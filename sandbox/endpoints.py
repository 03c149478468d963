"""All endpoints of the sandbox: add a resource's module here."""

from sandbox import customers, events_api
from sandbox.routing import Route

MODULES = (customers, events_api)

ALL: list[Route] = [route for module in MODULES for route in module.ROUTES]
