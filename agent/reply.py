"""The held reply: nothing reaches the customer before each of its sentences has been checked.

A model's sentence that speaks of an effect never goes out. If a settlement of that kind exists, the ledger's own
sentence stands in its place; if none does, the whole reply is refused, and the model is told once what was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.amounts import Amount, amounts, given_away, spelled
from agent.claim_grammar import Claim
from agent.claims import ClaimDetector
from agent.contacts import asks_for_secret, unknown_contacts
from agent.effects import EffectRecord
from agent.evidence import Evidence, links
from agent.instructions import repeats_instructions
from agent.ledger_sentences import all_about, to_tell
from agent.references import days, unknown_days, unknown_identifiers, without_days
from agent.sentences import checkable, plain, sentences

PLACEHOLDER = "[[effects]]"
LONGEST = 4_000  # characters
# What a claim is about, and the tools whose sentence from the ledger may stand in the claim's place.
_TOOLS_OF = {
    "refund": ("refund", "account_credit"),
    "cancel": ("cancel_subscription", "resume_subscription", "undo_scheduled_change"),
    "change": (
        "change_plan", "resume_subscription", "apply_promotion_code", "update_billing_details", "set_tax_id",
        "undo_scheduled_change",
    ),
    "charge": ("retry_payment", "resume_subscription"),
    "link": ("card_update_link", "new_checkout_link"),
}  # fmt: skip
# Told of an earlier day, and not as news.
_EARLIER = re.compile(r"\b(?:earlier|before|previous(?:ly)?|already|records?|recorded|last|on \d{1,2} [A-Z])", re.I)
_ARTICLE = "From our help article “{}”:"  # agent/replies/passage.j2; the title is the article's
_ROW = re.compile(r"[-+]?(?:(?:US)?[$€£¥]|[A-Z]{3} )\s?\d[\d.,]*(?::| on )")
# Statuses about which the ledger has something to say in place of the model's sentence.
_SPOKEN_FOR = frozenset({"succeeded", "waiting", "pending_reconciliation"})


@dataclass(frozen=True, slots=True)
class Held:
    """`problems` in sentences for the model; `dropped` are the sentences the ledger speaks for."""

    problems: tuple[str, ...]
    dropped: frozenset[str] = frozenset()


class HeldReply:
    """For one turn. The latest reply is known again: the same words, on the same evidence, are judged once."""

    def __init__(self, detector: ClaimDetector) -> None:
        self._detector = detector
        self._latest: tuple[tuple[str, tuple[str, ...], Evidence], Held] | None = None

    def check(self, text: str, citations: Sequence[str], evidence: Evidence) -> Held:
        """Every sentence against the evidence. No problems: it may be composed and released."""
        asked, latest = (text, tuple(citations), evidence), self._latest
        if latest is None or latest[0] != asked:
            self._latest = latest = asked, self._judged(*asked)
        return latest[1]

    def _judged(self, text: str, citations: Sequence[str], evidence: Evidence) -> Held:
        body = text.replace(PLACEHOLDER, " ")
        if len(text) > LONGEST:
            return Held((f"The reply is longer than {LONGEST} characters.",))
        problems: list[str] = []
        titles = [title for title in sorted(evidence.titles) if _ARTICLE.format(title) in body]
        for title in titles:
            body = body.replace(_ARTICLE.format(title), "\n")
        parts = [*sentences(body), *titles]
        if not parts and not evidence.effects:
            problems.append("The reply is empty.")
        explained = _within(parts, evidence.explained)
        quoted = _within(parts, (*titles, *(text for _, text in evidence.passages.values())))
        own = {plain(said) for said in sentences(all_about(to_tell(evidence.effects)))}
        dropped: set[str] = set()
        for n, (part, claim) in enumerate(zip(parts, self._detector.claims(parts, quoted, explained), strict=True)):
            if plain(part) in own:
                dropped.add(part)
                continue
            if claim is not None and not _on_record(claim, part, evidence):
                if part not in titles and _spoken_for(claim, evidence.effects):
                    dropped.add(part)
                    continue
                problems.append(
                    f"“{part[:160]}” says or promises that something is done, and the ledger has no such effect."
                )
            if n not in quoted | explained and not (checkable(without_days(part)) or _facts_only(part)):
                problems.append(f"“{part[:160]}” cannot be checked: write plain English.")
            if n not in quoted | explained and asks_for_secret(part):
                problems.append(f"“{part[:160]}” asks for what nobody may ask a customer for.")
            if n not in quoted | explained and given_away(part):
                problems.append(f"“{part[:160]}” gives something away: say what it costs in figures, as the tools do.")
        kept = "\n".join(part for part in parts if part not in dropped)
        problems += _figures(kept, evidence)
        problems += unknown_contacts(kept, (*evidence.known, *(text for _, text in evidence.passages.values())))
        if repeats_instructions(kept):
            problems.append("Instructions to you are not for customers.")
        foreign = sorted(link for link in links(kept) if not _known_link(link, evidence))
        problems += [f"The link {link[:120]} comes from no tool." for link in foreign]
        unknown = sorted(set(citations) - set(evidence.passages))
        problems += [f"The passage {name[:80]} was not retrieved." for name in unknown]
        return Held(tuple(problems), frozenset(dropped))

    def compose(self, text: str, held: Held, effects: Sequence[EffectRecord]) -> str:
        """The reply as it goes out: the model's checked words, and the ledger's sentences where they belong."""
        ledger = all_about(to_tell(effects))
        for part in sorted(held.dropped, key=len, reverse=True):
            text = text.replace(part, PLACEHOLDER if ledger and PLACEHOLDER not in text else "")
        if PLACEHOLDER in text:
            before, _, after = text.partition(PLACEHOLDER)
            text = f"{before}{ledger}{after.replace(PLACEHOLDER, '')}"
        elif ledger:
            text = f"{text.rstrip()}\n\n{ledger}" if text.strip() else ledger
        tidy = re.sub(r"[ \t]{2,}", " ", re.sub(r"[ \t]+\n", "\n", text))
        return re.sub(r"\n{3,}", "\n\n", tidy).strip()


def _within(parts: Sequence[str], texts: Iterable[str]) -> frozenset[int]:
    """Positions of what stands word for word in one of the texts."""
    told = " ".join(" ".join(plain(text).split()) for text in texts)
    return frozenset(n for n, part in enumerate(parts) if " ".join(plain(part).split()).strip("\"'") in told)


def _facts_only(part: str) -> bool:
    """A row of a list ("$15.00 on 2 November: Credit pack, card ending 4242"): figures with a few words between."""
    return _ROW.match(plain(part)) is not None


def _on_record(claim: Claim, part: str, evidence: Evidence) -> bool:
    """A sentence may tell of something that Stripe shows as done before this turn: without a doer, or with the amount
    and the day (that it is one of the facts is checked apart)."""
    named = amounts(part)
    if not claim.passive:
        told = claim.action in ("refund", "other") and claim.mood == "done" and bool(days(part))
        return told and bool(named) and named <= evidence.refunded
    if claim.action in ("refund", "other") and claim.mood == "done" and evidence.refunded:
        return named <= evidence.refunded if named else _EARLIER.search(plain(part)) is not None
    return claim.action in ("cancel", "other") and evidence.cancelled and not named


def _spoken_for(claim: Claim, effects: Sequence[EffectRecord]) -> bool:
    live = [effect for effect in effects if effect.status in _SPOKEN_FOR]
    if claim.action == "handover":
        return any(effect.needs_approval for effect in live)  # the ledger tells who has to approve
    tools = _TOOLS_OF.get(claim.action)
    if tools is None:
        return claim.action == "other" and bool(live)
    return any(effect.tool in tools for effect in live)


def _figures(text: str, evidence: Evidence) -> list[str]:
    found: list[str] = []
    if spelled(text):
        found.append("Write amounts in figures, as the tools gave them.")
    unknown: set[Amount] = {amount for amount in amounts(text) if amount not in evidence.amounts}
    found += [
        f"The amount {amount[0]} ({amount[1]}, minor units) comes from no tool and no message."
        for amount in sorted(unknown)
    ]
    days = unknown_days(text, evidence.days)
    found += [f"The day {day} comes from no tool and no message." for day in days]
    names = unknown_identifiers(text, evidence.words)
    return found + [f"{name[:80]} comes from no tool and no message." for name in names]


def _known_link(link: str, evidence: Evidence) -> bool:
    return link in evidence.links or link.rstrip("/") in {known.rstrip("/") for known in evidence.links}
