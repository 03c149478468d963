"""The pages customers see: the hosted invoice page and the customer portal, as plain HTML served by the sandbox.

docs.stripe.com/invoicing/hosted-invoice-page and docs.stripe.com/customer-management. The token in the address is the
only credential, as on Stripe's own pages.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import invoice_pdf, payment_intents, payment_methods, portal
from sandbox.amounts import written
from sandbox.bill import Bill, bill, credit_note_bill
from sandbox.calls import Call
from sandbox.expansion import render
from sandbox.invoice_collection import HARD_DECLINES, collect
from sandbox.invoice_lines import date_text
from sandbox.invoice_payments import default_payment, intent_of
from sandbox.offered_cards import CARDS, card_text, chosen
from sandbox.page_answers import HEADERS, answered, form_of, linked, page, tried
from sandbox.world import Json, World


def routes(world: World) -> list[Route]:
    """Starlette routes of the hosted pages over a world."""
    pages = Pages(world)
    return [
        Route("/i/{account}/{token}", pages.invoice, methods=["GET", "POST"]),
        Route("/i/{account}/{token}/pdf", pages.pdf, methods=["GET"]),
        Route("/credit_notes/{account}/{token}/pdf", pages.credit_note_pdf, methods=["GET"]),
        Route("/p/session/{token}", pages.portal, methods=["GET", "POST"]),
    ]


class Pages:
    """The pages over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def invoice(self, request: Request) -> Response:
        form = await form_of(request)
        return answered(self._world, request, lambda call: self._invoice(call, request, form))

    async def pdf(self, request: Request) -> Response:
        return answered(self._world, request, lambda call: self._pdf(call, request))

    async def credit_note_pdf(self, request: Request) -> Response:
        return answered(self._world, request, lambda call: self._credit_note_pdf(call, request))

    async def portal(self, request: Request) -> Response:
        form = await form_of(request)
        return answered(self._world, request, lambda call: self._portal(call, request, form))

    def _invoice(self, call: Call, request: Request, form: Json) -> Response:
        invoice = self._linked(call, request)
        if isinstance(invoice, Response):
            return invoice
        problem, posted = None, request.method == "POST" and _owed(invoice)
        if posted:
            problem = tried(self._world, lambda: _pay(call, invoice, form))
        current = call.need("invoice", invoice["id"])
        payment = default_payment(call, current) if _owed(current) else None
        intent = intent_of(call, payment) if payment else None
        waits = intent is not None and intent["status"] == "requires_action"
        refusal = _last_refusal(intent) if intent else None
        if waits:
            problem = None
        elif posted:
            problem = problem or refusal
        return page(
            "invoice.html",
            402 if problem else 200,
            bill=bill(current),
            owed=_owed(current),
            cards=CARDS,
            authenticate=waits,
            problem=problem,
            earlier=refusal,
            next_try=_next_try(current, intent),
            pdf=render(self._world, current)["invoice_pdf"],
        )

    def _pdf(self, call: Call, request: Request) -> Response:
        invoice = self._linked(call, request)
        if isinstance(invoice, Response):
            return invoice
        return _download(bill(invoice))

    def _credit_note_pdf(self, call: Call, request: Request) -> Response:
        note = self._linked(call, request, "credit_note")
        if isinstance(note, Response):
            return note
        return _download(credit_note_bill(note, call.need("invoice", note["invoice"])))

    def _linked(self, call: Call, request: Request, type_: str = "invoice") -> Json | Response:
        """The invoice (or credit note) of a good link, else the page that says what is wrong with it."""
        link = linked(self._world, request)
        found = call.find(type_, link.subject) if link else None
        if link is None or found is None:
            return page("unknown.html", 404)
        if link.expires <= call.now:
            return page("expired.html", 410, what="invoice")
        return found

    def _portal(self, call: Call, request: Request, form: Json) -> Response:
        link = linked(self._world, request)
        session = call.find("billing_portal.session", link.subject) if link else None
        if session is None:
            return page("unknown.html", 404)
        if not portal.visit(call, session):
            return page("expired.html", 410, what="portal")
        problem, done = None, None
        if request.method == "POST":
            problem = tried(self._world, lambda: _use_card(call, session["customer"], form))
            after = (session["flow"] or {}).get("after_completion")
            if problem is None and after and after["type"] == "redirect":
                return RedirectResponse(after["redirect"]["return_url"], 303, HEADERS)
            if problem is None:
                message = ((after or {}).get("hosted_confirmation") or {}).get("custom_message")
                done = message or "Your card was saved. It is now the card for your invoices."
        customer = call.need("customer", session["customer"])
        card = call.find("payment_method", customer["invoice_settings"]["default_payment_method"])
        owed = call.world.select("invoice", {"customer": customer["id"], "status": "open"})
        return page(
            "portal.html",
            402 if problem else 200,
            cards=CARDS,
            current=card_text(card) if card else None,
            exceptions=_own_cards(call, customer),
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


def _download(content: Bill) -> Response:
    name = f'attachment; filename="{content.number}.pdf"'
    return Response(invoice_pdf.document(content), 200, {**HEADERS, "Content-Disposition": name}, "application/pdf")


def _pay(call: Call, invoice: Json, form: Json) -> None:
    payment = default_payment(call, invoice)
    if payment and form.get("authenticate") in ("pass", "fail"):
        body = {
            "payment_intent": payment["payment"]["payment_intent"],
            "success": form["authenticate"] == "pass",
        }
        payment_intents.authenticate(call, body)
        return
    error = collect(call, invoice, chosen(form), automatic=False, off_session=False)
    if error:
        raise error


def _use_card(call: Call, customer_id: str, form: Json) -> None:
    """Save the card and make it the customer's default for invoices."""
    method = payment_methods.attach_to(call, chosen(form), customer_id)
    customer = call.need("customer", customer_id)
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    call.save(customer, "customer.updated")


def _owed(invoice: Json) -> bool:
    return invoice["status"] in ("open", "uncollectible")


def _next_try(invoice: Json, intent: Json | None) -> str | None:
    """The day the card on file is tried again; None when it is not, or would not be because of its last decline."""
    failure = (intent or {}).get("last_payment_error") or {}
    if not invoice["next_payment_attempt"] or failure.get("decline_code") in HARD_DECLINES:
        return None
    return date_text(invoice["next_payment_attempt"])


def _last_refusal(intent: Json) -> str | None:
    """Why the last try failed, for the customer: Stripe's text on a failed authentication speaks to developers."""
    failure = intent["last_payment_error"]
    if failure is None:
        return None
    if failure.get("code") == "payment_intent_authentication_failure":
        return "Your bank could not confirm that it was you, so nothing was charged. Try again or use another card."
    return failure["message"]


def _own_cards(call: Call, customer: Json) -> list[str]:
    """The cards of subscriptions that have one of their own, which goes before the customer's default."""
    default = customer["invoice_settings"]["default_payment_method"]
    living = [
        subscription["default_payment_method"]
        for subscription in call.world.select("subscription", {"customer": customer["id"]})
        if subscription["status"] not in ("canceled", "incomplete_expired")
    ]
    methods = [call.find("payment_method", id_) for id_ in dict.fromkeys(living) if id_ and id_ != default]
    return [card_text(method) for method in methods if method and method["customer"] == customer["id"]]
