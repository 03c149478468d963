"""What a reply may rest on: everything the tools returned in this turn, the conversation, and the settlements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.amounts import Amount, amounts, amounts_in
from agent.effects import EffectRecord
from agent.references import Day, facts

LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]}]+", re.I)
_BARE = re.compile(
    r"\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|app|dev|co|ai|biz|info|me|ly|to|link|page|site|xyz|shop|online|store|top|live|club"
    r"|click|support|cloud|pro|eu|uk|de|fr|ru|cn|pl|nl|gg|tv|cc|ws|su|example)\b(?:/[^\s<>\"')\]]*)?",
    re.I,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """`passages` maps passage id to (article, text). `refunded` holds amounts that Stripe shows as returned before,
    `cancelled` whether it shows a subscription as ended or ending. `days` are those that any fact or message names,
    `words` all they say, in upper case: an identifier of the reply has to stand there."""

    amounts: frozenset[Amount] = frozenset()
    links: frozenset[str] = frozenset()
    passages: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    refunded: frozenset[Amount] = frozenset()
    cancelled: bool = False
    explained: tuple[str, ...] = ()  # sentences of the diagnosis, which are ours and rest on facts
    effects: tuple[EffectRecord, ...] = ()
    days: frozenset[Day] = frozenset()
    words: str = ""
    titles: frozenset[str] = frozenset()  # of the articles of `passages`
    known: tuple[str, ...] = ()  # texts of our own, articles left out


def links(text: str) -> set[str]:
    """Web and mail addresses in a text, without the punctuation that follows them."""
    mails = set(_MAIL.findall(text))
    rest = _MAIL.sub(" ", text)
    found = {match.group().rstrip(".,;:!?") for match in LINK.finditer(rest)}
    rest = LINK.sub(" ", rest)
    return mails | found | {match.group().rstrip(".,;:!?") for match in _BARE.finditer(rest)}


def gather(
    results: Iterable[tuple[str, Any]],
    conversation: Iterable[str],
    effects: Iterable[EffectRecord],
    known: Iterable[str] = (),
) -> Evidence:
    """`results` are (tool, result) of reads that worked, `known` texts of our own (the human contact)."""
    results, conversation, known, effects = list(results), list(conversation), list(known), tuple(effects)
    sums: set[Amount] = set()
    urls: set[str] = set()
    passages: dict[str, tuple[str, str]] = {}
    titles: set[str] = set()
    refunded: set[Amount] = set()
    cancelled = False
    explained: list[str] = []
    for tool, result in results:
        sums |= amounts_in(result)
        if tool == "search_knowledge":
            urls |= links(json.dumps(result, ensure_ascii=False))
            passages.update(_passages(result))
            titles |= {row["title"] for row in _rows(result) if isinstance(row.get("title"), str)}
            continue
        for row in _rows(result):
            urls |= _addresses(row)
            if tool == "diagnose" and isinstance(row.get("explanation"), str):
                explained.append(row["explanation"])
            refunded |= _returned(row)
            cancelled = cancelled or _ends(row)
    for text in (*conversation, *known):
        sums |= amounts(text)
    for text in known:
        urls |= links(text)
    for effect in effects:
        sums |= amounts_in([effect.journalled(), effect.shown or ""])
        if effect.secret is not None:
            urls.add(effect.secret)
    settled = [[effect.journalled(), effect.shown, effect.secret] for effect in effects]
    days, words = facts([*(result for _, result in results), *conversation, *known, *settled])
    return Evidence(
        frozenset(sums),
        frozenset(urls),
        passages,
        frozenset(refunded),
        cancelled,
        tuple(explained),
        effects,
        days,
        words,
        frozenset(titles),
        tuple(known),
    )


def _addresses(row: dict[str, Any]) -> set[str]:
    """Addresses in fields that are made for them. One in a name or a description was put there by somebody."""
    found = {name: value.strip() for name, value in row.items() if isinstance(value, str)}
    return {
        value
        for name, value in found.items()
        if (name == "url" or name.endswith("_url") or name == "email") and value in links(value)
    }


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _rows(item)
    elif isinstance(value, list):
        for item in value:
            yield from _rows(item)


def _ends(row: dict[str, Any]) -> bool:
    """Whether it is a subscription that has ended or will; a payment may be `canceled` as well."""
    ident = row.get("id") or row.get("subscription")
    running = "plan" in row or (isinstance(ident, str) and ident.startswith("sub_"))
    return row.get("cancel_at_period_end") is True or (running and row.get("status") in ("canceled", "ended"))


def _returned(row: dict[str, Any]) -> set[Amount]:
    """Amounts of refunds: `amount_refunded` as money, or the amount of a refund object."""
    if "amount_refunded" in row:
        value = row["amount_refunded"]
        found = amounts_in(value if isinstance(value, dict | str) else {"v": value, "currency": row.get("currency")})
        return {amount for amount in found if amount[0] > 0}
    ident = row.get("id") or row.get("refund")
    if isinstance(ident, str) and ident.startswith("re_"):
        return amounts_in({key: row.get(key) for key in ("amount", "currency")})
    return set()


def _passages(result: Any) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for row in _rows(result):
        ident, text = row.get("passage") or row.get("id"), row.get("text")
        if isinstance(ident, str) and isinstance(text, str):
            article = row.get("article")
            found[ident] = (article if isinstance(article, str) else ident.partition("#")[0], text)
    return found
