"""The pages of Checkout: a session's own, and the addresses that begin one: of a payment link, of an expired session.

docs.stripe.com/payments/checkout, docs.stripe.com/payments/checkout/abandoned-carts, docs.stripe.com/payment-links. The
token in the address is the only credential, as on Stripe's own pages.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import checkout_discounts, checkout_payments, checkout_sessions, payment_links
from sandbox.amounts import written
from sandbox.calls import Call
from sandbox.invoice_lines import period_description
from sandbox.offered_cards import CARDS, chosen
from sandbox.page_answers import HEADERS, answered, form_of, linked, page, tried
from sandbox.world import Json, World


def routes(world: World) -> list[Route]:
    """Starlette routes of Checkout's pages over a world."""
    pages = CheckoutPages(world)
    return [
        Route("/c/pay/{token}", pages.session, methods=["GET", "POST"]),
        Route("/b/{token}", pages.payment_link, methods=["GET"]),
        Route("/r/{token}", pages.recovery, methods=["GET"]),
    ]


class CheckoutPages:
    """The pages over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def session(self, request: Request) -> Response:
        form = await form_of(request)
        return answered(self._world, request, lambda call: self._session(call, request, form))

    async def payment_link(self, request: Request) -> Response:
        return answered(self._world, request, lambda call: self._payment_link(call, request))

    async def recovery(self, request: Request) -> Response:
        return answered(self._world, request, lambda call: self._recovery(call, request))

    def _session(self, call: Call, request: Request, form: Json) -> Response:
        link = linked(self._world, request)
        session = call.find("checkout.session", link.subject) if link else None
        if session is None:
            return page("unknown.html", 404)
        problem = None
        if request.method == "POST" and session["status"] == "open":
            current = session
            problem = tried(self._world, lambda: _use(call, current, form))
            session = call.need("checkout.session", session["id"])
            if session["status"] == "complete" and session["success_url"]:
                return RedirectResponse(_success(session), 303, HEADERS)
        if session["status"] == "expired":
            return page("expired.html", 410, what="checkout")
        return page(
            "checkout.html",
            402 if problem else 200,
            authenticate=checkout_payments.waits(call, session),
            cards=CARDS,
            complete=session["status"] == "complete",
            email=(session["customer_details"] or {}).get("email"),
            prefilled=session.get("_prefilled"),
            thanks=_thanks(call, session),
            codes=session["allow_promotion_codes"],
            discount=_discount(call, session),
            free=checkout_payments.is_free(session),
            lines=[_line(call, item) for item in session["_items"]],
            mode=session["mode"],
            back=session["cancel_url"],
            problem=problem,
            total=written(session["amount_total"], session["currency"]) if session["_items"] else None,
            trial=_is_trial(session),
        )

    def _payment_link(self, call: Call, request: Request) -> Response:
        """docs.stripe.com/payment-links/url-parameters"""
        found = linked(self._world, request)
        link = call.find("payment_link", found.subject) if found else None
        if link is None:
            return page("unknown.html", 404)
        if request.method != "GET":
            return Response(status_code=200, headers=HEADERS)
        told = request.query_params
        locked = told.get("locked_prefilled_email")
        email = locked or told.get("prefilled_email")
        session = payment_links.open_link(
            call,
            link,
            reference=told.get("client_reference_id"),
            email=email if email and "@" in email else None,
            locked=bool(locked),
            code=told.get("prefilled_promo_code"),
        )
        if session is None:
            return page("deactivated.html", 410, message=link["inactive_message"])
        return RedirectResponse(session["url"], 303, HEADERS)

    def _recovery(self, call: Call, request: Request) -> Response:
        link = linked(self._world, request)
        session = call.find("checkout.session", link.subject) if link else None
        if link is None or session is None or session["status"] != "expired":
            return page("unknown.html", 404)
        if link.expires <= call.now:
            return page("expired.html", 410, what="checkout")
        if request.method != "GET":
            # A look at the headers begins nothing.
            return Response(status_code=200, headers=HEADERS)
        return RedirectResponse(checkout_sessions.recover(call, session)["url"], 303, HEADERS)


def _use(call: Call, session: Json, form: Json) -> None:
    if checkout_payments.waits(call, session) and form.get("authenticate") in ("pass", "fail"):
        checkout_payments.authenticate(call, session, success=form["authenticate"] == "pass")
        return
    if "remove_code" in form:
        checkout_discounts.clear(call, session)
        return
    if "promotion_code" in form:
        checkout_discounts.enter(call, session, str(form["promotion_code"]))
        return
    email = form.get("email")
    card = "" if checkout_payments.is_free(session) else chosen(form)
    checkout_payments.pay(call, session, card, email if isinstance(email, str) and "@" in email else None)


def _success(session: Json) -> str:
    """docs.stripe.com/payments/checkout/custom-success-page"""
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def _thanks(call: Call, session: Json) -> str | None:
    """What a payment link says to a customer who has paid."""
    link = call.find("payment_link", session["payment_link"])
    return ((link or {}).get("after_completion", {}).get("hosted_confirmation") or {}).get("custom_message")


def _discount(call: Call, session: Json) -> Json | None:
    name = checkout_discounts.name_of(call, session)
    off = session["total_details"]["amount_discount"]
    return {"name": name, "amount": written(off, session["currency"])} if name else None


def _is_trial(session: Json) -> bool:
    return bool({"trial_end", "trial_period_days"} & set(session["_given"].get("subscription_data", {})))


def _line(call: Call, item: Json) -> Json:
    quantity = item["quantity"] or 1
    text = period_description(call, item["price"], quantity) if item["price"]["recurring"] else item["description"]
    if not item["price"]["recurring"] and quantity > 1:
        text = f"{quantity} × {text}"
    return {"text": text, "amount": written(item["amount_subtotal"], item["currency"])}
