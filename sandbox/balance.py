"""Balance transactions: Stripe's own ledger of what charges, refunds and disputes moved.

See docs.stripe.com/api/balance_transactions.

The sum of `net` over all of them is what the account holds. A processing fee of 2.9 % + 30 minor units is kept on each
charge and not given back on refunds, as in Stripe's US pricing.
"""

from sandbox import clock, paging
from sandbox.calls import Call
from sandbox.expansion import shown
from sandbox.parameters import RANGE, Currency, Text
from sandbox.routing import Route, fetch
from sandbox.world import Json, World

PENDING_SECONDS = 2 * 24 * 3600
"""Standard US payout delay: funds of a charge become available two days later."""

DISPUTE_FEE = 1500


def charge_fee(amount: int) -> int:
    """2.9 % + 30, rounded half up, in minor units; integers throughout."""
    return (amount * 29 + 500) // 1000 + 30


def enter(
    call: Call,
    kind: str,
    source: Json,
    amount: int,
    *,
    fee: int = 0,
    category: str | None = None,
    instant: bool = False,
    description: str | None = None,
) -> Json:
    """One ledger line. `amount` is signed: negative when money leaves."""
    fees = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": "Stripe processing fees" if kind == "charge" else "Dispute fee",
            "type": "stripe_fee",
        }
    ]
    return call.create(
        "balance_transaction",
        {
            "amount": amount,
            "available_on": call.now if instant or amount < 0 else call.now + PENDING_SECONDS,
            "balance_type": "payments",
            "currency": source["currency"],
            "description": description,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees if fee else [],
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        },
    )


@shown("balance_transaction")
def with_status(world: World, transaction: Json) -> Json:
    """`pending` until `available_on`: computed when shown, since nothing else changes with it."""
    available = clock.now(world) >= transaction["available_on"]
    return {**transaction, "status": "available" if available else "pending"}


def retrieve(call: Call) -> Json:
    """The account's balance: the sum of all lines, by currency and availability (docs.stripe.com/api/balance)."""
    sums: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for line in call.select("balance_transaction"):
        per_currency = sums[call.now >= line["available_on"]]
        per_currency[line["currency"]] = per_currency.get(line["currency"], 0) + line["net"]
    currencies = sorted({*sums[True], *sums[False]}) or ["usd"]

    def funds(available: bool) -> list[Json]:
        rows = [(currency, sums[available].get(currency, 0)) for currency in currencies]
        return [{"amount": amount, "currency": currency, "source_types": {"card": amount}} for currency, amount in rows]

    return {"object": "balance", "available": funds(True), "livemode": False, "pending": funds(False)}


def list_(call: Call) -> Json:
    where = {name: call.params[name] for name in ("source", "currency", "type") if call.params.get(name)}
    return paging.page(call, "/v1/balance_transactions", call.world.select("balance_transaction", where))


ROUTES = [
    Route("GET", "/v1/balance", retrieve, {}, "balance_read"),
    Route(
        "GET",
        "/v1/balance_transactions",
        list_,
        {**paging.PARAMETERS, "created": RANGE, "source": Text(), "currency": Currency(), "type": Text()},
        "balance_transaction_read",
    ),
    Route("GET", "/v1/balance_transactions/{id}", fetch("balance_transaction"), {}, "balance_transaction_read"),
]
