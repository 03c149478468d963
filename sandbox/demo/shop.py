"""What the stories do: Stripe's API over HTTP, and the world outside it (cardholders, banks, the clock)."""

import calendar
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.demo.catalogue import price_id

Json = dict[str, Any]

KEY = "sk_test_acme_cloud"


class DemoError(Exception):
    """The sandbox refused a step of the demo company: the demo and the sandbox do not fit together."""


def before(now: datetime, months: int = 0, **span: float) -> datetime:
    """The moment `span` (days, hours, minutes, seconds) before now, on the same day `months` earlier: what began then
    renews `span` before now. A day that month lacks becomes its last."""
    moment = now - timedelta(**span)
    count = moment.year * 12 + moment.month - 1 - months
    year, month = divmod(count, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


class Shop:
    """One sandbox, and the moment that the stories call now."""

    def __init__(self, http: httpx.AsyncClient, now: datetime) -> None:
        self.http = http
        self.now = now

    def ago(self, *, months: int = 0, **span: float) -> datetime:
        return before(self.now, months, **span)

    # Stripe's API

    async def get(self, path: str, fields: Json | None = None) -> Json:
        return self._answer(await self.http.get(f"/v1/{path}?{form(fields or {})}", headers=_headers()))

    async def post(self, path: str, fields: Json | None = None, *, ids: str = "") -> Json:
        """`ids`: readable ids for what is made, parted by blanks."""
        return self._answer(await self.http.post(f"/v1/{path}", content=form(fields or {}), headers=_headers(ids)))

    async def delete(self, path: str) -> Json:
        return self._answer(await self.http.delete(f"/v1/{path}", headers=_headers()))

    # the world outside Stripe

    async def clock(self) -> Json:
        return self._answer(await self.http.get("/_sandbox/clock"))

    async def move_to(self, moment: datetime) -> None:
        self._answer(await self.http.post("/_sandbox/clock", json={"to": int(moment.timestamp())}))

    async def outside(self, action: str, **body: Any) -> Json:
        """Something no API call does: `set_card_outcome`, `create_dispute`, `authenticate`, `fail_refund`."""
        return self._answer(await self.http.post(f"/_sandbox/actions/{action}", json=body))

    async def pay_by_link(self, url: str, email: str, *, card: str = "pm_card_visa", session: str, ids: str) -> None:
        """Follow a payment link as a customer does and pay on its page. `ids`: readable ids for what paying makes."""
        opened = await self.http.get(httpx.URL(url).raw_path.decode(), headers={"Sandbox-Id": session})
        if not opened.is_redirect:
            raise DemoError(f"The payment link did not open ({opened.status_code}): {opened.text}")
        page = httpx.URL(opened.headers["location"]).raw_path.decode()
        form = {"card": card, "email": email}
        paid = await self.http.post(page, data=form, headers={"Sandbox-Id": ids})
        if paid.is_error:
            raise DemoError(f"{session} was not paid ({paid.status_code}): {paid.text}")

    # steps that many stories share

    async def customer(self, id_: str, name: str, **fields: Any) -> Json:
        nick = id_.removeprefix("cus_")
        prefix = {"invoice_prefix": f"ACME{nick.upper()}"[:12]}
        return await self.post("customers", {"name": name, "email": f"{nick}@example.com", **prefix, **fields}, ids=id_)

    async def card(self, customer: str, test_card: str = "pm_card_visa") -> str:
        """Save a test card and make it the default. Returns its id: `pm_maya` for `cus_maya`."""
        wanted = customer.replace("cus_", "pm_")
        method = await self.post(f"payment_methods/{test_card}/attach", {"customer": customer}, ids=wanted)
        return await self._default(customer, method["id"])

    async def card_expiring(self, customer: str, month: int, year: int) -> str:
        """A card with a last month of its own."""
        card = {"number": "5555555555554444", "exp_month": month, "exp_year": year, "cvc": "123"}
        method = await self.post("payment_methods", {"type": "card", "card": card}, ids=customer.replace("cus_", "pm_"))
        await self.post(f"payment_methods/{method['id']}/attach", {"customer": customer})
        return await self._default(customer, method["id"])

    async def _default(self, customer: str, method: str) -> str:
        await self.post(f"customers/{customer}", {"invoice_settings": {"default_payment_method": method}})
        return method

    async def subscribe(self, customer: str, plan: str, *, ids: str = "", **fields: Any) -> Json:
        """A subscription `sub_maya` for `cus_maya`; `ids` names more of what is made with it."""
        wanted = f"{customer.replace('cus_', 'sub_')} {ids}"
        return await self.post(
            "subscriptions", {"customer": customer, "items": [{"price": price_id(plan)}], **fields}, ids=wanted
        )

    async def buy(self, customer: str, amount: int, description: str, order: str, *, card: str, charge: str) -> Json:
        """A purchase made once, outside any invoice: the PaymentIntent, confirmed. `charge` becomes `ch_<charge>`."""
        return await self.post(
            "payment_intents",
            {
                "amount": amount,
                "currency": "usd",
                "customer": customer,
                "payment_method": card,
                "description": description,
                "metadata": {"order_id": order},
                "confirm": True,
            },
            ids=f"pi_{charge} ch_{charge}",
        )

    def _answer(self, answer: httpx.Response) -> Json:
        if answer.is_success:
            return answer.json()
        request = answer.request
        raise DemoError(f"{request.method} {request.url.path} was refused ({answer.status_code}): {answer.text}")


def form(fields: Json) -> str:
    """Stripe's nested form encoding."""
    return urlencode(list(_pairs("", fields)))


def _pairs(prefix: str, value: Any) -> Any:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _pairs(f"{prefix}[{key}]" if prefix else key, each)
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _pairs(f"{prefix}[{position}]", each)
    else:
        yield prefix, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _headers(ids: str = "") -> dict[str, str]:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
    return {**headers, "Sandbox-Id": ids} if ids else headers
