"""What happened in a case, in plain English, from its opened entries alone: the same entries give the same text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeGuard, cast

from billing.money import Money, MoneyError

Payload = Mapping[str, object]

VERDICTS: Final = {
    "allow": "allowed",
    "deny": "refused",
    "needs_confirmation": "the customer has to say yes first",
    "needs_approval": "a human has to approve it first",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry. `payload` is None when nobody can open it any more (the customer was erased)."""

    seq: int
    at: str  # ISO 8601 UTC
    kind: str
    actor: str
    payload: Payload | None


def story(case: str, entries: Iterable[Told]) -> str:
    """Markdown. What a person wrote is quoted, never interpreted."""
    parts = [f"# What happened in {case}\n"]
    for entry in entries:
        heading, body = _told(entry)
        when = f"{entry.at[:10]} {entry.at[11:19]} UTC"
        parts.append(f"## {entry.seq} · {when} · {heading}\n\n{body}".rstrip() + "\n")
    return "\n".join(parts)


def _told(entry: Told) -> tuple[str, str]:
    who = _who(entry.actor)
    if entry.payload is None:
        return (
            f"{who}: {entry.kind}",
            "Nobody can open what was written here (it was erased). That it was here, and when, is still proven.",
        )
    teller = _TELLERS.get(entry.kind)
    if teller is None:
        return f"{who}: {entry.kind}", _facts(entry.payload)
    return teller(who, entry.payload)


def _who(actor: str) -> str:
    kind, _, name = actor.partition(":")
    people = {"customer": "the customer", "human": "a human", "lee": "Lee"}
    known = people.get(kind, kind)
    return f"{known} ({name})" if name else known


def _received(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} asked, by {told.get('channel')}", _quoted(told.get("text"))


def _decided(who: str, told: Payload) -> tuple[str, str]:
    verdict = VERDICTS.get(str(told.get("verdict")), str(told.get("verdict")))
    lines = [
        f"Proposed: {_named(told.get('tool'))} with {_inline(told.get('arguments'))}.",
        f"Decided: {verdict}, by rule `{told.get('rule')}`: {told.get('reason')}",
        f"Facts it compared: {_inline(told.get('facts'))}.",
    ]
    lines += [f"What would change the answer: {told['remedy']}"] if told.get("remedy") else []
    lines += [f"Shown to whoever says yes: {told['shown']}"] if told.get("shown") else []
    lines += [f"On the customer's yes `{told['confirmation']}`."] if told.get("confirmation") else []
    lines += [f"On the human's approval `{told['approval']}`."] if told.get("approval") else []
    if told.get("intent"):
        lines.append(f"Written down before anything was sent: `{told['intent']}`, {told.get('operation_key')}.")
    lines += [f"Held: {_budget(each)}." for each in _items(told.get("budgets"))]
    lines.append(f"Policy: `{told.get('policy')}`")
    return f"{who} proposed {_named(told.get('tool'))}: {verdict}", "\n".join(f"- {line}" for line in lines)


def _confirmed(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} said yes", f"To: {told.get('shown')}\n\n{_quoted(told.get('text'))}"


def _withdrew(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} said no", f"To: {told.get('shown')}\n\nIt cannot be carried out any more."


def _approved(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} approved", f"{told.get('shown')}\n\nApproval `{told.get('approval')}`."


def _denied(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} refused what waited", _quoted(told.get("why"))


def _sending(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} sent it to Stripe", f"`{told.get('intent')}` under the key `{told.get('idempotency_key')}`."


def _settled(_: str, told: Payload) -> tuple[str, str]:
    status, receipt = told.get("status"), told.get("receipt")
    if status == "succeeded" and _is_object(receipt):
        body = f"{_named(receipt.get('kind'))} `{receipt.get('stripe_id')}`, Stripe says {receipt.get('status')}"
        return "done at Stripe", f"{body}{_amount(receipt)}. {_inline(receipt.get('details'))}"
    if status == "failed":
        return "not done", f"Nothing changed: {told.get('failure')}. `{told.get('intent')}`"
    return "no answer yet", f"Whether `{told.get('intent')}` happened has to be found out; nobody may say either."


def _taken_back(_: str, told: Payload) -> tuple[str, str]:
    body = f"Since then Stripe has undone `{told.get('stripe_id')}`: {told.get('failure')}."
    return "taken back at Stripe", f"{body} What `{told.get('intent')}` held of the budgets is free again."


def _stuck(_: str, told: Payload) -> tuple[str, str]:
    return "nobody can tell what became of it", f"`{told.get('intent')}`: {told.get('error')}. A human has to look."


def _closed(who: str, _: Payload) -> tuple[str, str]:
    return f"{who} closed the case", ""


def _replied(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} told the customer", _quoted(told.get("text"))


def _drafted(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} left a draft for a human", f"Not sent: {told.get('reason')}\n\n{_quoted(told.get('text'))}"


def _escalated(_: str, told: Payload) -> tuple[str, str]:
    return "handed to a human", f"Why: {told.get('reason')}."


def _owner(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} changed whose case it is", f"Now: {told.get('owner')}, epoch {told.get('epoch')}."


def _erased(who: str, told: Payload) -> tuple[str, str]:
    return f"{who} erased the customer", f"Keys destroyed: {_inline(told.get('keys'))}."


_TELLERS: dict[str, Callable[[str, Payload], tuple[str, str]]] = {
    "ticket.received": _received,
    "proposal.decided": _decided,
    "customer.confirmed": _confirmed,
    "customer.withdrew": _withdrew,
    "human.approved": _approved,
    "human.denied": _denied,
    "effect.sending": _sending,
    "effect.settled": _settled,
    "effect.taken_back": _taken_back,
    "effect.stuck": _stuck,
    "reply.released": _replied,
    "human.replied": _replied,
    "reply.drafted": _drafted,
    "escalation.opened": _escalated,
    "case.taken_over": _owner,
    "case.handed_back": _owner,
    "human.closed": _closed,
    "customer.erased": _erased,
}


def _quoted(text: object) -> str:
    lines = str(text if text is not None else "(the words were not kept)").splitlines() or [""]
    return "\n".join(f"> {line}" for line in lines)


def _named(tool: object) -> str:
    return str(tool).replace("_", " ")


def _amount(receipt: Payload) -> str:
    amount, currency = receipt.get("amount"), receipt.get("currency")
    if type(amount) is not int or not isinstance(currency, str):
        return ""
    try:
        return f", {Money(amount, currency)}"
    except MoneyError:
        return f", {amount} {currency}"


def _budget(entry: object) -> str:
    words = _items(entry)
    if len(words) != 3:  # name, amount, cap
        return _inline(entry)
    cap = "no cap" if words[2] is None else f"a cap of {words[2]}"
    return f"{words[1]} of `{words[0]}` under {cap} (minor units, or a count)"


def _is_object(value: object) -> TypeGuard[Payload]:
    """Of parsed JSON: names are texts there."""
    return isinstance(value, Mapping)


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _facts(told: Payload) -> str:
    return "\n".join(f"- {name}: {_inline(value)}" for name, value in told.items())


def _inline(value: object) -> str:
    """Names and values in a row; what has no value is left out."""
    if _is_object(value):
        said = [f"{name} {_inline(each)}" for name, each in value.items() if each is not None]
        return ", ".join(said) or "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
