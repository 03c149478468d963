"""The pages customers see: the hosted invoice page and the customer portal, as plain HTML served by the sandbox.

docs.stripe.com/invoicing/hosted-invoice-page and docs.stripe.com/customer-management. The token in the address is the
only credential, as on Stripe's own pages.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import clock, forms, invoice_pdf, links, payment_intents, payment_methods, portal
from sandbox.amounts import written
from sandbox.calls import Call
from sandbox.errors import StripeError
from sandbox.expansion import render
from sandbox.invoice_collection import collect
from sandbox.invoice_lines import date_text
from sandbox.invoice_payments import default_payment, intent_of
from sandbox.world import Json, World

CARDS = [
    {"value": "pm_card_visa", "label": "Visa 4242, always works"},
    {"value": "pm_card_mastercard", "label": "Mastercard 4444, always works"},
    {"value": "pm_card_chargeCustomerFail", "label": "Visa 0341, can be saved, declines when charged"},
    {"value": "pm_card_visa_chargeDeclinedInsufficientFunds", "label": "Visa 9995, insufficient funds"},
    {"value": "pm_card_visa_chargeDeclinedLostCard", "label": "Visa 9987, lost"},
    {"value": "pm_card_chargeDeclinedExpiredCard", "label": "Visa 0069, expired"},
    {"value": "pm_card_authenticationRequired", "label": "Visa 3184, asks for authentication"},
]
_OFFERED = {card["value"] for card in CARDS}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Sandbox": "agent-lee",
    "X-Content-Type-Options": "nosniff",
}
_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def routes(world: World) -> list[Route]:
    """Starlette routes of the hosted pages over a world."""
    pages = Pages(world)
    return [
        Route("/i/{account}/{token}", pages.invoice, methods=["GET", "POST"]),
        Route("/i/{account}/{token}/pdf", pages.pdf, methods=["GET"]),
        Route("/p/session/{token}", pages.portal, methods=["GET", "POST"]),
    ]


class Pages:
    """Each page is one transaction in the world, as an API request is."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def invoice(self, request: Request) -> Response:
        form = await _form(request)
        return self._answer(lambda call: self._invoice(call, request, form))

    async def pdf(self, request: Request) -> Response:
        return self._answer(lambda call: self._pdf(call, request))

    async def portal(self, request: Request) -> Response:
        form = await _form(request)
        return self._answer(lambda call: self._portal(call, request, form))

    def _answer(self, page: Callable[[Call], Response]) -> Response:
        with self._world.lock:
            clock.catch_up(self._world)
            with self._world.transaction():
                return page(Call(self._world))

    def _invoice(self, call: Call, request: Request, form: Json) -> Response:
        invoice = self._linked(call, request)
        if isinstance(invoice, Response):
            return invoice
        problem = None
        if request.method == "POST" and invoice["status"] in ("open", "uncollectible"):
            problem = self._try(lambda: _pay(call, invoice, form))
        current = call.need("invoice", invoice["id"])
        payment = default_payment(call, current)
        waits = payment is not None and intent_of(call, payment)["status"] == "requires_action"
        currency = current["currency"]
        return _page(
            "invoice.html",
            402 if problem and not waits else 200,
            invoice=current,
            lines=[
                {"description": line["description"], "amount": written(line["amount"], currency)}
                for line in current["lines"]["data"]
            ],
            total=written(current["total"], currency),
            remaining=written(current["amount_remaining"], currency),
            due=date_text(current["due_date"]) if current["due_date"] else None,
            cards=CARDS,
            authenticate=waits and current["status"] != "paid",
            problem=None if waits else problem,
            pdf=render(self._world, current)["invoice_pdf"],
        )

    def _pdf(self, call: Call, request: Request) -> Response:
        invoice = self._linked(call, request)
        if isinstance(invoice, Response):
            return invoice
        name = f'attachment; filename="{invoice["number"]}.pdf"'
        document = invoice_pdf.document(invoice)
        return Response(document, 200, {**_HEADERS, "Content-Disposition": name}, "application/pdf")

    def _linked(self, call: Call, request: Request) -> Json | Response:
        """The invoice of a good link, else the page that says what is wrong with it."""
        link = _read(self._world, request)
        invoice = call.find("invoice", link.subject) if link else None
        if link is None or invoice is None:
            return _page("unknown.html", 404)
        if link.expires <= call.now:
            return _page("expired.html", 410)
        return invoice

    def _portal(self, call: Call, request: Request, form: Json) -> Response:
        link = _read(self._world, request)
        session = call.find("billing_portal.session", link.subject) if link else None
        if session is None:
            return _page("unknown.html", 404)
        if not portal.visit(call, session):
            return _page("expired.html", 410)
        problem, done = None, None
        if request.method == "POST":
            problem = self._try(lambda: _use_card(call, session["customer"], form))
            after = (session["flow"] or {}).get("after_completion")
            if problem is None and after and after["type"] == "redirect":
                return RedirectResponse(after["redirect"]["return_url"], 303, _HEADERS)
            if problem is None:
                message = ((after or {}).get("hosted_confirmation") or {}).get("custom_message")
                done = message or "Your card was saved and will be used from now on."
        customer = call.need("customer", session["customer"])
        card = call.find("payment_method", customer["invoice_settings"]["default_payment_method"])
        owed = call.world.select("invoice", {"customer": customer["id"], "status": "open"})
        return _page(
            "portal.html",
            402 if problem else 200,
            cards=CARDS,
            current=f"{card['card']['brand']} ending in {card['card']['last4']}" if card else None,
            done=done,
            problem=problem,
            return_url=session["return_url"],
            invoices=[
                {
                    "number": invoice["number"],
                    "amount": written(invoice["amount_remaining"], invoice["currency"]),
                    "url": render(self._world, invoice)["hosted_invoice_url"],
                }
                for invoice in owed
            ],
        )

    def _try(self, deed: Callable[[], None]) -> str | None:
        """What went wrong, in the words for the customer; what a decline wrote is kept."""
        try:
            with self._world.attempt():
                deed()
        except StripeError as error:
            return error.message
        return None


def _pay(call: Call, invoice: Json, form: Json) -> None:
    payment = default_payment(call, invoice)
    if payment and form.get("authenticate") in ("pass", "fail"):
        body = {
            "payment_intent": payment["payment"]["payment_intent"],
            "success": form["authenticate"] == "pass",
        }
        payment_intents.authenticate(call, body)
        return
    error = collect(call, invoice, _chosen(form), automatic=False, off_session=False)
    if error:
        raise error


def _use_card(call: Call, customer_id: str, form: Json) -> None:
    """Save the card and make it the customer's default for invoices."""
    method = payment_methods.attach_to(call, _chosen(form), customer_id)
    customer = call.need("customer", customer_id)
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    call.save(customer, "customer.updated")


def _chosen(form: Json) -> str:
    card = form.get("card")
    if card not in _OFFERED:
        raise StripeError(400, "invalid_request_error", "Choose one of the cards offered.", param="card")
    return str(card)


def _read(world: World, request: Request) -> links.Link | None:
    token = str(request.path_params["token"])
    return links.read(world, token.removeprefix("test_")) if token.startswith("test_") else None


async def _form(request: Request) -> Json:
    try:
        return forms.decode((await request.body()).decode("utf-8", "replace"))
    except StripeError:
        return {}


def _page(template: str, status: int, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(**values), status, _HEADERS)
