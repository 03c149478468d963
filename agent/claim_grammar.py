"""Grammar of claims: who does what, and when. Finds sentences that say or promise that Lee changed something.

English verb phrases are matched by voice and tense around verbs of effect (`claim_verbs.toml`), so the wording of the
rest does not matter: what looks like a claim counts as one, unless the trained head is certain that it is none.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from agent.sentences import plain

Action = Literal["refund", "cancel", "change", "charge", "link", "handover", "other"]
Mood = Literal["done", "promised"]
VERBS_FILE: Final = Path(__file__).parent / "claim_verbs.toml"


@dataclass(frozen=True, slots=True)
class Claim:
    """`passive` claims name no doer: they may also speak of what happened earlier and is on record."""

    action: Action
    mood: Mood
    passive: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    action: Action
    mood: Mood
    passive: bool
    pattern: re.Pattern[str]


def _any(*choices: str) -> str:
    return f"(?:{'|'.join(choices)})"


_STAFF = _any("team", "system", "colleagues?", "department", "agents?", "specialists?", "managers?", "engineers?")
_WE = _any("i", "we", "lee", rf"(?:our|the|my|a|one of our) (?:\w+ )?{_STAFF}", "they", "someone", "somebody")
_HASTE = _any(
    "already", "just", "now", "also", "then", "both", "here", "today", "soon", r"\w+ly", "gone ahead and",
    "went ahead and", "gone and", "been able to", "managed to",
)  # fmt: skip
_ADVERBS = rf"(?:\s+{_HASTE})*"
_HAVE = r"(?:\s?'ve|\s?'d|\s?'s|\s+have|\s+has|\s+had)?"
_WILL = _any(
    r"\s?'ll", r"\s+will", r"\s+shall", r"\s?'(?:m|re|s) (?:going to|about to|gonna)",
    r"\s+(?:am|are|is) (?:going to|about to)", r"\s+can", r"\s+could", r"\s+would", r"\s?'d", r"\s+might", r"\s+may",
    r"\s+should", r"\s+must", r"\s+(?:promise|guarantee|want|plan) to",
)  # fmt: skip
_ING = r"(?:\s?'(?:m|re|s)|\s+(?:am|are|is))\s+(?:\w+ly |now |already |just )*"
_VALUE = _any(
    "refund",
    "money",
    "credit",
    "amount",
    "sum",
    "reimbursement",
    "repayment",
    "funds",
    "reversal",
    r"[$€£¥]\s?\d[\d.,]*",
)
_MATTER = _any(
    "refund", "re(?:im|re)bursement", "repayment", "credit", "reversal", "cancell?ation", "upgrade", "downgrade",
    "plan change", "switch", "change", "retry", "discount", "your money", "the money", "the difference", "receipt",
    "confirmation",
)  # fmt: skip
_READY = _any(
    "on its way", "on the way", "gone out", "sent", "processed", "under ?way", "in progress", "in process",
    r"being \w+ed", "complete", "completed", "done", "finali[sz]ed", "confirmed", "successful", "succeeded", "issued",
    "initiated", "triggered", "in the works", "(?:have )?gone through", "through", "effective", "in motion", "approved",
    "taken care", "sorted", "queued", "headed", "heading", "coming", "live", "returned", "active now", "there by now",
)  # fmt: skip

# Participles that, with "is", tell of something done; others ("issued", "applied", "set") mostly describe.
_SETTLED = _any("scheduled", "settled", "restored", "unlocked", "corrected", "granted", "approved", "sorted", "fixed")

_NOT = re.compile(r"\b(?:not|never|cannot|no one|nobody|nothing|neither|unable|without|no)\b|n't\b")
_NOT_ONLY = re.compile(
    r"\bnot only\b|\bno (?:worries|problem|doubt|need)\b|\bnot to worry\b|\bdo(?:n't| not) worry\b|\bwhy not\b"
)
_ASKS = _any(
    "would you", "do you", "shall i", "should i", "did you", "are you", "is it", "is that", "was it", "which", "what",
    "when", "who", "how", "could you", "can you", "may i", "have you", "has", "had",
)  # fmt: skip
_QUESTION = re.compile(rf"^(?:(?:so|and|or|ok|okay|sure|thanks)[,:]? )*{_ASKS}\b[^.!]*\?$", re.I)

_TO_YOU = re.compile(
    r"\b(?:you|your bank|your card|your account)"
    r"(?:'ll| will| should| can expect to| can count on| are going to|'re going to| may| might|'d)"
    r"(?: \w+ly| then| also| soon)* (?:receive|get|see|have|having|find|recover|be (?:getting|seeing|receiving))\b"
    rf"(?=.*\b(?:{_VALUE}|payment|charge|cancellation|upgrade|change|confirmation|it|that|this)(?!\w))",
    re.I,
)
_ARRIVES = re.compile(
    rf"(?:\b|(?=[$€£¥])){_VALUE}\b[^.?!]*(?:'ll| will| should| is going to|'s going to| may| might)"
    r"(?: \w+ly| then| also| soon)* (?:arrive|appear|show|reach|land|be|come|follow|go back|post|hit|take|bounce)\b",
    re.I,
)
_EXPECT = re.compile(
    r"\b(?:expect|allow|wait|look out|keep an eye)\b.{0,40}?\b(?:the|your|a|this|that)\b.{0,12}?"
    r"(?:refund|money|credit|reimbursement|returned|funds|[$€£¥]\s?\d)"
    r"|\bexpect to be (?:refunded|reimbursed|credited|repaid|paid back)\b",
    re.I,
)
_UNDERWAY = re.compile(
    rf"\b{_MATTER}\b[^.?!]{{0,40}}?(?:\bis|'s|\bare|\bwas|\bhas|\bhave|\bwent|\bshould be)"
    rf"(?: \w+ly| already| now| all| been)* {_READY}\b"
    rf"|\b{_MATTER} (?:initiated|approved|succeeded|issued|confirmed|went through)\b",
    re.I,
)
_DONE = re.compile(
    r"\bconsider (?:it|this|that|(?:the|your) (?:\w+ ){1,3}?)\s?(?:done|gone|sorted|handled|refunded|cancell?ed)"
    r"|\b(?:it|that|this|everything)(?:'s| is| has been)(?: now| all| already| been)*"
    r" (?:done|sorted|taken care of|handled|settled|set)\b"
    r"|\byou(?:'re| are) (?:all )?(?:set|sorted|refunded|reimbursed|covered|good to go)\b"
    r"|\ball (?:done|set|sorted|taken care of)\b|\btaken care of\b|\brest assured\b|\bgot you covered\b"
    r"|^(?:done|sorted|fixed|finished|completed)\b[.!,:]*(?:$| )",
    re.I,
)
_NO_MORE = re.compile(
    r"\b(?:you|your card|your account)(?:'ll| will| won't| are|'re)? ?(?:not|never|no longer|n't)? ?(?:be|being|get)"
    r" (?:\w+ly |again )*(?:charged|billed|debited)\b"
    r"(?=.*\b(?:again|anymore|any more|further|from now|no longer|future|never)\b)"
    r"|\bno (?:further|more|future) (?:payments?|charges?|invoices?) will\b"
    r"|\bnothing (?:more |else )?will be (?:charged|billed)\b"
    r"|\b(?:won't|will not|no longer|never) (?:be |get )?(?:charge|charged|bill|billed|renew|renewed|happen)\b",
    re.I,
)
_STATE = r"(?:off|active|live|saved|unlocked|restored|settled|paid|back to normal)"
_NOW_ON = re.compile(
    rf"\byou(?:'re| are) now on\b|\b(?:is|are) {_STATE} (?:again |on .{{1,20}} )?now\b"
    rf"|\b(?:is|are) now (?:{_STATE}|with)\b"
    r"|\bmarked as paid\b|\bunlocked again\b|\btakes effect (?:right |immediately)?now\b|\bgone through this time\b"
    r"|\bgot your money back\b|\b(?:your|the) (?:new )?(?:card|details?|address|number|coupon|discount)"
    r" (?:is|are|was|were) (?:now )?(?:saved|applied|added)\b",
    re.I,
)
_CARES = _any(
    "be in touch", "contact", "call", "reach", "reply", "answer", "look", "review", "get", "follow", "take", "help",
    "e-?mail", "write",
)  # fmt: skip
_COLLEAGUE = re.compile(
    r"\b(?:a|one of our|our|my|the|someone|somebody)(?: \w+){0,3}"
    rf"(?:'ll| will| is going to| are going to| shall| should) (?:\w+ly )?{_CARES}\b"
    r"|\b(?:specialist|colleague|team|manager|human|agent)s?(?:'ll| will)\b|\blooking into (?:it|this)\b.*\bget back\b",
    re.I,
)
_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_NOUNS: Final[tuple[tuple[str, Action], ...]] = (
    ("refund", "refund"), ("reimburse", "refund"), ("money", "refund"), ("cancel", "cancel"), ("upgrade", "change"),
    ("downgrade", "change"), ("plan", "change"), ("retry", "charge"),
)  # fmt: skip


def _gerunds(bases: list[str]) -> str:
    """refund → refunding, cancel → cancel(l)ing, charge → charging."""
    plain_verbs = [base for base in bases if re.fullmatch(r"[a-z-]+", base)]
    stems = [verb[:-1] if verb.endswith("e") else verb for verb in plain_verbs]
    return _any(*[rf"{stem}(?:{stem[-1]})?ing" for stem in stems])


def _rows() -> tuple[_Row, ...]:
    with VERBS_FILE.open("rb") as file:
        verbs: dict[str, dict[str, list[str]]] = tomllib.load(file)
    rows: list[_Row] = []
    for action in _ACTIONS:
        base, past, ing = _any(*verbs[action]["base"]), _any(*verbs[action]["past"]), _gerunds(verbs[action]["base"])
        rows += _active(action, base, past, ing)
        if action == "charge":
            # "You have been charged" tells of a payment on record; these tell of somebody's doing.
            rows += _passive(action, "(?:re-?tried|re-?run|collected|re-?attempted)")
        elif action != "link":
            rows += _passive(action, past)
    return tuple(rows)


def _active(action: Action, base: str, past: str, ing: str) -> list[_Row]:
    def row(mood: Mood, pattern: str) -> _Row:
        return _Row(action, mood, False, re.compile(pattern, re.I))

    return [
        row("done", rf"\b{_WE}{_HAVE}{_ADVERBS}\s+{past}\b"),
        row("promised", rf"\b{_WE}{_WILL}{_ADVERBS}\s+(?:have {past}|be {ing}|{base})\b"),
        row("promised", rf"\b{_WE}{_ING}{ing}\b"),
        row("promised", rf"^(?:(?:yes|sure|sure thing|ok|okay|right)[,:!]? )+{ing}\b"),
        row("promised", rf"\b(?:let me|allow me to|let us|let's)(?: \w+ly| just| now| go ahead and)* {base}\b"),
    ]


def _passive(action: Action, past: str) -> list[_Row]:
    some = r"(?: \w+ly| already| now| just| also| all| been)*"
    perfect = rf"\b(?:has|have|had|'ve|'s|'d){some} been{some} {past}\b"
    present = rf"\b(?:is|are|was|were|'s|'re|gets?|got|getting|being){some} {past}\b"
    future = rf"\b(?:will|'ll|shall|going to|should|may|might|would|must){some} (?:be|get|have been){some} {past}\b"
    # "Refunded on 3 November" is a table's cell; "Refunded!" is a claim.
    tabular = r"(?! (?:on|by|in|at|to|for|from|charges?|payments?|invoices?|subscriptions?|refunds?|plans?)\b)"
    headless = rf"^(?:(?:just|already|now|successfully|ok|okay|done|great|good news)[,:!]?\s+)*{past}\b{tabular}"
    rows = [_Row(action, "done", True, re.compile(perfect, re.I))]
    if action in ("change", "charge"):
        return rows
    rows.append(_Row(action, "promised", True, re.compile(future, re.I)))
    rows.append(_Row(action, "done", False, re.compile(headless, re.I)))
    if action != "other":
        rows.append(_Row(action, "done", True, re.compile(present, re.I)))
    else:
        rows.append(_Row(action, "done", True, re.compile(rf"\b(?:is|are|'s|'re){some} {_SETTLED}\b", re.I)))
    return rows


_ROWS: Final = _rows()
_IDIOMS: Final[tuple[tuple[re.Pattern[str], Claim], ...]] = (
    (_NO_MORE, Claim("cancel", "promised", True)),
    (_DONE, Claim("other", "done")),
    (_NOW_ON, Claim("other", "done")),
    (_COLLEAGUE, Claim("handover", "promised")),
    (_TO_YOU, Claim("refund", "promised", True)),
    (_ARRIVES, Claim("refund", "promised", True)),
    (_EXPECT, Claim("refund", "promised", True)),
    (_UNDERWAY, Claim("other", "promised", True)),
)


_DOER: Final = re.compile(rf"\b{_WE}\b", re.I)


def names_doer(sentence: str) -> bool:
    """Whether the sentence speaks of Lee, its colleagues or its systems as somebody who acts."""
    return _DOER.search(plain(sentence)) is not None


def find(sentence: str) -> Claim | None:
    """The claim a sentence makes, or None.

    A plain negation ("has not been refunded") claims no effect, but "you will not be charged again" does: somebody
    would have to see to it. A question is an offer at most, unless it says in passing that something is done."""
    flat = plain(sentence).strip()
    question = _QUESTION.search(flat) is not None
    if not question and _NO_MORE.search(flat):
        return Claim("cancel", "promised", True)
    for row in _ROWS:
        if question and (row.mood != "done" or row.passive):
            continue
        if any(not _negated(flat, match) for match in row.pattern.finditer(flat)):
            return Claim(sharper(row.action, flat), row.mood, row.passive)
    if question:
        return None
    for pattern, claim in _IDIOMS:
        match = pattern.search(flat)
        if match and not _negated(flat, match):
            return Claim(sharper(claim.action, flat), claim.mood, claim.passive)
    return None


def _negated(flat: str, match: re.Match[str]) -> bool:
    """A negation inside the verb phrase or within the four words before it. "Not only" and the like negate nothing."""
    before = " ".join(flat[: match.start()].split()[-4:])
    window = _NOT_ONLY.sub(" ", f"{before} {match.group()}".lower())
    return _NOT.search(window) is not None


def sharper(action: Action, flat: str) -> Action:
    """`I've processed the cancellation` is about cancelling: the noun names the action where the verb does not."""
    low = flat.lower()
    if action == "handover" and (" link" in low or " page" in low):
        return "link"  # forwarded to the customer
    if action not in ("other", "link"):
        return action
    for word, meant in _NOUNS:
        if word in low:
            return meant
    return action
