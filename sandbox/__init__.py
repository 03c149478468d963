"""A Stripe-compatible server (API 2026-10-28.endive) that moves no money: the default without a key.

It knows nobody: it imports no other package of this house, and not `stripe`. Start it with `python -m sandbox`, or call
`sandbox.server.create_app()` in process through `tools.stripe_asgi.AsgiHTTPClient`.

| a request passes | module |
| --- | --- |
| who may speak, and with which key | `loopback`, `access` |
| what goes wrong on purpose | `faults` |
| which endpoint, which parameters | `routing`, `endpoints`, `forms`, `parameters` |
| was it asked before | `idempotency` |
| the handler: one module for each resource | `customers`, `charges`, `refunds`, `invoices`, … |
| its only ways to change anything | `calls`, `events`, `world` |
| what is shown of it | `expansion`, `paging`, `errors` |

Time is `clock`; what happens outside Stripe's API (a cardholder disputes, a bank sends a refund back, a customer
authenticates) is an action of `control`. What was never compared with Stripe itself is only as true as the
documentation that each test names.
"""
