"""What a credit note credits, line by line (docs.stripe.com/api/credit_notes/line_item).

A line of the invoice is credited by its amount before discounts and taxes; its discounts and taxes go with it in
proportion. `amount` alone makes one line of its own, tax included.
"""

from fractions import Fraction

from sandbox.calls import Call, new_metadata
from sandbox.discount_amounts import half_up
from sandbox.errors import invalid_request
from sandbox.parameters import Choice, Fields, Integer, Kind, Many, Metadata, Text
from sandbox.tax_amounts import Rate, taxes_on
from sandbox.world import Json

LINE: dict[str, Kind] = {
    "type": Choice(("custom_line_item", "invoice_line_item"), required=True),
    "amount": Integer(minimum=1),
    "description": Text(),
    "invoice_line_item": Text(),
    "metadata": Metadata(),
    "quantity": Integer(minimum=1, maximum=999_999),
    "unit_amount": Integer(minimum=1),
}
LINES = Many(Fields(LINE), max_items=100)


def plain_line(call: Call, amount: int, description: str | None) -> Json:
    """A line that is in no proportion to any other: `amount` on its own."""
    return _line(call, amount, description or "Credit", None, quantity=1, unit_amount=amount)


def lines_of(call: Call, invoice: Json, wishes: list[Json], earlier: list[Json]) -> list[Json]:
    """The lines asked for. `earlier` are the invoice's credit notes: nothing is credited twice."""
    by_id = {line["id"]: line for line in invoice["lines"]["data"]}
    credited = _credited(earlier)
    found: list[Json] = []
    for position, wish in enumerate(wishes):
        param = f"lines[{position}]"
        if wish["type"] == "custom_line_item":
            found.append(_custom(call, wish, param))
            continue
        source = by_id.get(wish.get("invoice_line_item", ""))
        if source is None:
            raise invalid_request(
                f"No such invoice line item: '{wish.get('invoice_line_item')}'",
                param=f"{param}[invoice_line_item]",
                code="resource_missing",
            )
        amount = _wanted(source, wish, param)
        left = source["amount"] - credited.get(source["id"], 0)
        if amount > left:
            raise invalid_request(
                f"The line can be credited by {max(left, 0)} at most; {amount} was asked for.",
                param=f"{param}[{'quantity' if 'quantity' in wish else 'amount'}]",
            )
        credited[source["id"]] = credited.get(source["id"], 0) + amount
        found.append(_of_invoice(call, invoice, source, amount, wish))
    return found


def _credited(earlier: list[Json]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for note in earlier:
        for line in note["lines"]["data"]:
            if note["status"] == "issued" and line["invoice_line_item"]:
                sums[line["invoice_line_item"]] = sums.get(line["invoice_line_item"], 0) + line["amount"]
    return sums


def _wanted(source: Json, wish: Json, param: str) -> int:
    if ("amount" in wish) == ("quantity" in wish):
        raise invalid_request("Pass one of `amount` and `quantity` for a line of the invoice.", param=param)
    if "amount" in wish:
        return wish["amount"]
    if wish["quantity"] > (source["quantity"] or 0):
        raise invalid_request("The quantity is greater than the line's.", param=f"{param}[quantity]")
    return half_up(Fraction(source["amount"] * wish["quantity"], source["quantity"]))


def _custom(call: Call, wish: Json, param: str) -> Json:
    missing = [name for name in ("description", "unit_amount") if name not in wish]
    if missing or "amount" in wish:
        raise invalid_request(
            "A custom line needs `description` and `unit_amount`, and takes no `amount`.", param=f"{param}[type]"
        )
    quantity = wish.get("quantity", 1)
    line = _line(
        call,
        wish["unit_amount"] * quantity,
        wish["description"],
        None,
        quantity=quantity,
        unit_amount=wish["unit_amount"],
    )
    return {**line, "metadata": new_metadata(wish.get("metadata"))}


def _of_invoice(call: Call, invoice: Json, source: Json, amount: int, wish: Json) -> Json:
    share = Fraction(amount, source["amount"])
    discounts = [
        {"amount": half_up(each["amount"] * share), "discount": each["discount"]} for each in source["discount_amounts"]
    ]
    off = sum(each["amount"] for each in discounts)
    line = _line(
        call,
        amount,
        wish.get("description") or source["description"],
        source["id"],
        quantity=wish.get("quantity"),
        unit_amount=None,
    )
    rates = [call.need("tax_rate", rate["id"]) for rate in invoice["default_tax_rates"]]
    found = taxes_on(amount - off, [Rate(each["id"], Fraction(each["_percent"]), each["inclusive"]) for each in rates])
    taxes = [
        # The exempt were charged none, so none is credited.
        {**charged, "amount": tax.amount if charged["amount"] else 0, "taxable_amount": tax.taxable}
        for charged, tax in zip(source["taxes"], found, strict=True)
    ]
    return {
        **line,
        "discount_amount": off,
        "discount_amounts": discounts,
        "metadata": new_metadata(wish.get("metadata")),
        "pretax_credit_amounts": [
            {**each, "credit_balance_transaction": None, "type": "discount"} for each in discounts
        ],
        "tax_rates": rates,
        "taxes": taxes,
    }


def _line(
    call: Call,
    amount: int,
    description: str | None,
    source: str | None,
    *,
    quantity: int | None,
    unit_amount: int | None,
) -> Json:
    return {
        "id": call.new_id("credit_note_line_item"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": description,
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": source,
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [],
        "taxes": [],
        "type": "invoice_line_item" if source else "custom_line_item",
        "unit_amount": unit_amount,
        "unit_amount_decimal": None if unit_amount is None else str(unit_amount),
    }


def sums(lines: list[Json]) -> Json:
    """The totals of a credit note over its lines, under the names of its fields."""
    subtotal = sum(line["amount"] for line in lines)
    discounts = _grouped([each for line in lines for each in line["discount_amounts"]], "discount")
    off = sum(line["discount_amount"] for line in lines)
    taxes = [each for line in lines for each in line["taxes"]]
    on_top = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "exclusive")
    within = sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == "inclusive")
    total = subtotal - off + on_top
    return {
        "amount": total,
        "discount_amount": off,
        "discount_amounts": discounts,
        "pretax_credit_amounts": [
            {**each, "credit_balance_transaction": None, "type": "discount"} for each in discounts
        ],
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - within,
        "total": total,
        "total_excluding_tax": total - on_top - within,
        "total_taxes": _grouped(taxes, "tax_rate_details"),
    }


def _grouped(entries: list[Json], key: str) -> list[Json]:
    """Entries of the same discount or tax rate as one, their amounts added up."""
    counted = ("amount", "taxable_amount")
    groups: dict[str, Json] = {}
    for entry in entries:
        group = groups.setdefault(str(entry[key]), {**entry, **{name: 0 for name in counted if name in entry}})
        for name in counted:
            if name in group:
                group[name] += entry[name]
    return list(groups.values())
