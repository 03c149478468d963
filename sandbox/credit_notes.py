"""Credit notes (docs.stripe.com/api/credit_notes, docs.stripe.com/invoicing/dashboard/credit-notes).

A credit note first lowers what remains to be paid on its invoice; the excess was paid already and goes back as refunds,
as credit on the customer's balance, or outside of Stripe. All of an invoice's credit notes never exceed its total. Only
one that took nothing but what was still to be paid can be voided, while the invoice is open. A credit note is sent to
nobody.
"""

from dataclasses import replace

from sandbox import customer_balance, links, paging, refunds
from sandbox.amounts import written
from sandbox.calls import Call, merge_metadata, new_metadata
from sandbox.credit_note_lines import LINES, lines_of, plain_line, sums
from sandbox.errors import invalid_request
from sandbox.expansion import shown
from sandbox.invoice_lifecycle import mark_paid
from sandbox.invoice_payments import default_payment, intent_of
from sandbox.parameters import Choice, Fields, Integer, Kind, Many, Metadata, Text, Timestamp
from sandbox.payment_intents import OPEN
from sandbox.routing import Route, fetch, listing
from sandbox.world import Json, World

REASONS = ("duplicate", "fraudulent", "order_change", "product_unsatisfactory")
_NEW: dict[str, Kind] = {
    "amount": Integer(minimum=1),
    "credit_amount": Integer(minimum=0),
    "effective_at": Timestamp(),
    "email_type": Choice(("credit_note", "none")),
    "invoice": Text(required=True),
    "lines": LINES,
    "memo": Text(),
    "metadata": Metadata(),
    "out_of_band_amount": Integer(minimum=0),
    "reason": Choice(REASONS),
    "refund_amount": Integer(minimum=0),
    "refunds": Many(Fields({"refund": Text(required=True), "amount_refunded": Integer(minimum=1)}), max_items=20),
}


def create(call: Call) -> Json:
    given = call.params
    invoice = _creditable(call, call.need("invoice", given["invoice"], "invoice"))
    earlier = _issued(call, invoice)
    note = _note(call, invoice, _lines(call, invoice, earlier), len(earlier) + 1)
    if note["total"] <= 0:
        raise invalid_request("The credit note's total must be greater than 0.", param="lines")
    left = invoice["total"] - sum(each["total"] for each in earlier)
    if note["total"] > left:
        currency = invoice["currency"]
        raise invalid_request(
            f"The credit note's total ({written(note['total'], currency)}) is greater than what is left to be credited "
            f"on the invoice ({written(max(left, 0), currency)}).",
            param="amount",
        )
    note["pre_payment_amount"] = min(note["total"], invoice["amount_remaining"])
    note["post_payment_amount"] = note["total"] - note["pre_payment_amount"]
    note["type"] = _type(note)
    linked = _linked(call, invoice, earlier)
    _check_ways_back(call, note, linked)
    note["refunds"] = [*linked, *_refunded(call, invoice)]
    note = call.create("credit_note", note)
    _credit(call, note)
    _settle(call, invoice, note)
    call.emit("credit_note.created", note)
    return note


def _creditable(call: Call, invoice: Json) -> Json:
    if invoice["status"] not in ("open", "paid"):
        raise invalid_request(
            f"You can only credit open or paid invoices. This invoice's status is {invoice['status']}.",
            param="invoice",
        )
    return call.need("invoice", invoice["id"])


def _issued(call: Call, invoice: Json) -> list[Json]:
    """The invoice's credit notes that are not void."""
    return [note for note in call.select("credit_note", invoice=invoice["id"]) if note["status"] == "issued"]


def _lines(call: Call, invoice: Json, earlier: list[Json]) -> list[Json]:
    given = call.params
    if ("amount" in given) == ("lines" in given):
        raise invalid_request("You must pass one of `amount` and `lines`.", param="amount", code="parameter_missing")
    if "lines" in given:
        return lines_of(call, invoice, given["lines"], earlier)
    return [plain_line(call, given["amount"], given.get("memo"))]


def _note(call: Call, invoice: Json, lines: list[Json], ordinal: int) -> Json:
    given = call.params
    ordinal += len(call.select("credit_note", invoice=invoice["id"], status="void"))
    id_ = call.new_id("credit_note")
    return {
        "id": id_,
        "amount_shipping": 0,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "effective_at": given.get("effective_at", call.now),
        "invoice": invoice["id"],
        "lines": {"object": "list", "data": lines, "has_more": False, "url": f"/v1/credit_notes/{id_}/lines"},
        "memo": given.get("memo"),
        "metadata": new_metadata(given.get("metadata")),
        "number": f"{invoice['number']}-CN-{ordinal:02d}",
        "out_of_band_amount": given.get("out_of_band_amount"),
        "pdf": "",
        "reason": given.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "voided_at": None,
        **sums(lines),
    }


def _type(note: Json) -> str:
    if note["pre_payment_amount"] and note["post_payment_amount"]:
        return "mixed"
    return "pre_payment" if note["pre_payment_amount"] else "post_payment"


def _check_ways_back(call: Call, note: Json, linked: list[Json]) -> None:
    """docs.stripe.com/api/credit_notes/create: refunds, balance credit and what goes outside of Stripe must come to the
    part that was paid."""
    given = call.params
    ways = sum(given.get(name, 0) for name in ("credit_amount", "out_of_band_amount", "refund_amount"))
    ways += sum(each["amount_refunded"] for each in linked)
    if ways != note["post_payment_amount"]:
        raise invalid_request(
            "The sum of credit amount, refund amount and out of band amount must equal the credit note's post payment "
            f"amount ({note['post_payment_amount']}); it is {ways}.",
            param="refund_amount" if "refund_amount" in given else "credit_amount",
        )


def _linked(call: Call, invoice: Json, earlier: list[Json]) -> list[Json]:
    """Refunds made before that this credit note accounts for, each once."""
    found: list[Json] = []
    for position, wish in enumerate(call.params.get("refunds", [])):
        param = f"refunds[{position}][refund]"
        refund = call.need("refund", wish["refund"], param)
        payment = default_payment(call, invoice)
        if payment is None or refund["payment_intent"] != payment["payment"]["payment_intent"]:
            raise invalid_request("The refund is not of this invoice's payment.", param=param)
        amount = wish.get("amount_refunded", refund["amount"])
        used = [each for note in [*earlier, {"refunds": found}] for each in note["refunds"]]
        taken = sum(each["amount_refunded"] for each in used if each["refund"] == refund["id"])
        if refund["status"] in ("failed", "canceled") or taken + amount > refund["amount"]:
            raise invalid_request("The refund does not cover this amount.", param=param)
        found.append(_entry(refund["id"], amount))
    return found


def _refunded(call: Call, invoice: Json) -> list[Json]:
    amount = call.params.get("refund_amount", 0)
    if not amount:
        return []
    payment = default_payment(call, invoice)
    if payment is None or payment["status"] != "paid":
        raise invalid_request("There is no payment on this invoice to refund.", param="refund_amount")
    intent = payment["payment"]["payment_intent"]
    refund = refunds.create(replace(call, params={"payment_intent": intent, "amount": amount}))
    return [_entry(refund["id"], amount)]


def _entry(refund: str, amount: int) -> Json:
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund, "type": "refund"}


def _credit(call: Call, note: Json) -> None:
    amount = call.params.get("credit_amount", 0)
    if amount:
        transaction = customer_balance.move(
            call,
            note["customer"],
            -amount,
            note["currency"],
            "credit_note",
            invoice=note["invoice"],
            credit_note=note["id"],
        )
        note["customer_balance_transaction"] = transaction["id"]
        call.save(note)


def _settle(call: Call, invoice: Json, note: Json) -> None:
    """The invoice's side: less to pay, and paid when nothing is left."""
    invoice["pre_payment_credit_notes_amount"] += note["pre_payment_amount"]
    invoice["post_payment_credit_notes_amount"] += note["post_payment_amount"]
    _change_due(call, invoice, -note["pre_payment_amount"])
    if invoice["status"] == "open" and invoice["amount_remaining"] == 0:
        mark_paid(call, invoice, out_of_band=True)


def _change_due(call: Call, invoice: Json, change: int) -> None:
    """What is due, and with it the open payment and its PaymentIntent."""
    before = call.need("invoice", invoice["id"])
    invoice["amount_due"] += change
    invoice["amount_remaining"] += change
    call.world.put(before)
    call.save(invoice, "invoice.updated")
    payment = default_payment(call, invoice)
    if change and payment and payment["status"] == "open" and invoice["amount_due"]:
        call.save({**payment, "amount_requested": invoice["amount_due"]})
        intent = intent_of(call, payment)
        if intent["status"] in OPEN:
            call.save({**intent, "amount": invoice["amount_due"]})


def void(call: Call) -> Json:
    note = call.need("credit_note", call.path["id"], "id")
    invoice = call.need("invoice", note["invoice"])
    if note["status"] == "void" or note["type"] != "pre_payment" or invoice["status"] != "open":
        raise invalid_request(
            "You can only void a credit note that is issued, on an open invoice, and lowered only what was still to be "
            "paid.",
            param="id",
        )
    invoice["pre_payment_credit_notes_amount"] -= note["pre_payment_amount"]
    _change_due(call, invoice, note["pre_payment_amount"])
    note |= {"status": "void", "voided_at": call.now}
    call.save(note)
    call.emit("credit_note.voided", note)
    return note


def update(call: Call) -> Json:
    note = call.need("credit_note", call.path["id"], "id")
    if "memo" in call.params:
        note["memo"] = call.params["memo"]
    if "metadata" in call.params:
        note["metadata"] = merge_metadata(note["metadata"], call.params["metadata"])
    return call.save(note, "credit_note.updated")


class _Undo(Exception):
    """Carries the previewed credit note out of the savepoint."""

    def __init__(self, note: Json) -> None:
        super().__init__()
        self.note = note


def preview(call: Call) -> Json:
    """docs.stripe.com/api/credit_notes/preview: carried out, shown and undone."""
    try:
        with call.world.attempt():
            raise _Undo(create(call))
    except _Undo as undone:
        note = undone.note
    # Neither the transaction nor the refunds of a preview exist.
    made = [each for each in note["refunds"] if call.find("refund", each["refund"])]
    return {**note, "customer_balance_transaction": None, "refunds": made}


def preview_lines(call: Call) -> Json:
    return paging.page(call, "/v1/credit_notes/preview/lines", preview(call)["lines"]["data"])


def lines(call: Call) -> Json:
    note = call.need("credit_note", call.path["id"], "id")
    return paging.page(call, note["lines"]["url"], note["lines"]["data"])


@shown("credit_note")
def with_fresh_link(world: World, note: Json) -> Json:
    """docs.stripe.com/api/credit_notes/object#credit_note_object-pdf; lines are cut to ten, as an invoice's are."""
    listed = note["lines"]
    if len(listed["data"]) > 10:
        note["lines"] = {**listed, "data": listed["data"][:10], "has_more": True}
    return {**note, "pdf": links.credit_note_pdf(world, note["id"])}


ROUTES = [
    Route("POST", "/v1/credit_notes", create, _NEW, "credit_note_write"),
    listing("/v1/credit_notes", "credit_note", {"customer": Text(), "invoice": Text()}, "credit_note_read"),
    Route("GET", "/v1/credit_notes/preview", preview, _NEW, "credit_note_read"),
    Route("GET", "/v1/credit_notes/preview/lines", preview_lines, {**paging.PARAMETERS, **_NEW}, "credit_note_read"),
    Route("GET", "/v1/credit_notes/{id}", fetch("credit_note"), {}, "credit_note_read"),
    Route("POST", "/v1/credit_notes/{id}", update, {"memo": Text(), "metadata": Metadata()}, "credit_note_write"),
    Route("POST", "/v1/credit_notes/{id}/void", void, {}, "credit_note_write"),
    Route("GET", "/v1/credit_notes/{id}/lines", lines, paging.PARAMETERS, "credit_note_read"),
]
