"""Grammar of claims: who does what to whom, and when. Finds sentences that say or promise that Lee changed something.

English verb phrases are matched by voice and tense around verbs of effect, so wording of the rest does not matter. It is
made to fail closed: what looks like a claim counts as one. What it cannot see (nouns, idioms) is the head's work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from agent.sentences import plain

Action = Literal["refund", "cancel", "change", "charge", "link", "handover", "other"]
Mood = Literal["done", "promised"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`passive` claims name no doer: they may also speak of what happened earlier and is on record."""

    action: Action
    mood: Mood
    passive: bool = False


# base | past and participle; one row an action.
_VERBS: dict[Action, tuple[str, str]] = {
    "refund": (
        r"refund|reimburse|credit|reverse|repay|compensate|waive|(?:return|send|pay|give|get|put)(?= (?:you|it|the|your|that|this|back|everything|all|[$€£\d]))",
        r"refunded|reimbursed|credited|reversed|repaid|compensated|waived|returned|paid (?:it |you |that )?back|sent (?:it |the money |your money |that |[$€£\d.,]+ )?back|given back|gave (?:it |you )?back|put (?:it |the money |[$€£\d.,]+ )?back",
    ),
    "cancel": (
        r"cancel|terminate|end|stop|close|discontinue|unsubscribe|deactivate|turn off|switch off",
        r"cancell?ed|terminated|ended|stopped|closed|discontinued|unsubscribed|deactivated|turned off|switched off",
    ),
    "change": (
        r"upgrade|downgrade|switch|move|change|migrate|convert|put you",
        r"upgraded|downgraded|switched|moved|changed|migrated|converted|put you",
    ),
    "charge": (
        r"charge|retry|re-?try|rerun|re-?run|collect|bill|debit|re-?attempt|try the (?:card|payment|charge)|take the payment",
        r"charged|retried|re-?tried|rerun|re-?ran|collected|billed|debited|re-?attempted|tried (?:the|your) (?:card|payment|charge)|took the payment|taken the payment",
    ),
    "link": (r"send|e-?mail|text|mail", r"sent|e-?mailed|texted|mailed"),
    "handover": (
        r"escalate|forward|pass|hand|transfer|notify|alert|tell my|inform|assign|flag|raise|loop in|connect you",
        r"escalated|forwarded|passed|handed|transferred|notified|alerted|informed|assigned|flagged|raised|looped in|connected you",
    ),
    "other": (
        r"fix|correct|adjust|resolve|update|process|apply|submit|initiate|arrange|complete|approve|authori[sz]e|issue|remove|delete|add|restore|reactivate|resume|extend|unlock|enable|sort|handle|take care|make sure|ensure|request|reset|set|void|settle|clear|grant|schedule|reissue|book",
        r"fixed|corrected|adjusted|resolved|updated|processed|applied|submitted|initiated|arranged|completed|approved|authori[sz]ed|issued|removed|deleted|added|restored|reactivated|resumed|extended|unlocked|enabled|sorted|handled|taken care of|took care of|made sure|ensured|requested|reset|set|voided|settled|cleared|granted|scheduled|reissued|booked|made",
    ),
}
_WE = r"(?:i|we|lee|(?:our|the|my|a|one of our) (?:\w+ )?(?:team|system|colleagues?|department|agents?|specialists?|managers?)|they|someone|somebody)"
_ADVERBS = r"(?:\s+(?:already|just|now|also|successfully|gladly|happily|immediately|personally|manually|then|both|here|today|\w+ly|gone ahead and|went ahead and|gone and|been able to|managed to))*"
_HAVE = r"(?:\s?'ve|\s?'d|\s?'s|\s+have|\s+has|\s+had)?"
_WILL = r"(?:\s?'ll|\s+will|\s+shall|\s?'(?:m|re|s) (?:going to|about to|gonna)|\s+(?:am|are|is) (?:going to|about to)|\s+can|\s+could|\s+would|\s?'d|\s+might|\s+may|\s+should|\s+must|\s+promise to|\s+guarantee to|\s+want to|\s+plan to)"
_ING = r"(?:\s?'(?:m|re|s)|\s+(?:am|are|is))\s+(?:\w+ly |now |already |just )*"
_THING = r"(?:refund|money|amount|credit|payment|charge|reversal|reimbursement|cancellation|upgrade|downgrade|change|switch|funds|balance|difference|it|that|this|[$€£]\s?\d[\d.,]*|\d[\d.,]* (?:dollars|euros|pounds|usd|eur|gbp))"

_NOT = re.compile(r"\b(?:not|never|cannot|no one|nobody|nothing|neither|unable|without|no)\b|n't\b")
_NOT_ONLY = re.compile(r"\bnot only\b|\bno (?:worries|problem|doubt|need)\b|\bnot to worry\b|\bdo(?:n't| not) worry\b|\bwhy not\b")
_OFFER = re.compile(
    r"^(?:(?:so|and|or|ok|okay|sure|thanks)[,:]? )*(?:would you like|do you want|shall i|should i|did you|do you|are you|is it|is that|was it|which|what|when|who|how|could you|can you|may i|have you|would you|has|had)\b[^.!]*\?$",
    re.I,
)


def _ing(base: str) -> str:
    """Gerunds: refund → refunding, cancel → cancel(l)ing, charge → charging."""
    return "|".join(rf"{stem}" for stem in _gerunds(base))


def _gerunds(base: str) -> list[str]:
    found: list[str] = []
    for verb in re.sub(r"\(\?=.*?\)\)?$", "", base).replace("(?:", "").replace(")", "").split("|"):
        if not re.fullmatch(r"[a-z-]+", verb):
            continue
        stem = verb[:-1] if verb.endswith("e") else verb
        found += [f"{stem}ing", f"{stem}{stem[-1]}ing"]
    return found


def _compiled() -> list[tuple[Action, Mood, bool, re.Pattern[str]]]:
    rows: list[tuple[Action, Mood, bool, re.Pattern[str]]] = []
    for action, (base, past) in _VERBS.items():
        ing = _ing(base)
        active = rf"\b{_WE}{_HAVE}{_ADVERBS}\s+(?:{past})\b"
        headless = rf"^(?:(?:just|already|now|successfully|ok|okay|done|great|good news)[,:!]?\s+)*(?:{past})\b(?! (?:on|by|in|at|to|for|from|charges?|payments?|invoices?|subscriptions?|refunds?|plans?)\b)"
        promise = rf"\b{_WE}{_WILL}{_ADVERBS}\s+(?:have (?:{past})|be (?:{ing})|(?:{base}))\b"
        doing = rf"\b{_WE}{_ING}(?:{ing})\b"
        let_me = rf"\b(?:let me|allow me to|let us|let's)(?: \w+ly| just| now| go ahead and)* (?:{base})\b"
        rows += [
            (action, "done", False, re.compile(active, re.I)),
            (action, "promised", False, re.compile(promise, re.I)),
            (action, "promised", False, re.compile(doing, re.I)),
            (action, "promised", False, re.compile(let_me, re.I)),
            (action, "done", False, re.compile(rf"\b(?:my|our) (?:\w+ )?(?:team|colleagues?) (?:has|have) (?:{past})\b", re.I)),
        ]
        if action in ("refund", "cancel", "other", "handover"):
            perfect = rf"\b(?:has|have|had|'ve|'s|'d)(?: \w+ly| already| now| just| also)* been(?: \w+ly| already| now)* (?:{past})\b"
            present = rf"\b(?:is|are|was|were|'s|'re|gets?|got|getting|being)(?: \w+ly| already| now| just| being| all)* (?:{past})\b"
            future = rf"\b(?:will|'ll|shall|going to|should|may|might|would|must)(?: \w+ly| also| now| soon| then)* (?:be|get|have been)(?: \w+ly| already)* (?:{past})\b"
            rows.append((action, "done", True, re.compile(perfect, re.I)))
            rows.append((action, "promised", True, re.compile(future, re.I)))
            if action != "other":
                rows.append((action, "done", True, re.compile(present, re.I)))
            rows.append((action, "done", False, re.compile(headless, re.I)))
        if action == "change":
            perfect = rf"\b(?:has|have|'ve|'s) (?:\w+ )?been(?: \w+ly| now)* (?:{past})\b"
            rows.append((action, "done", True, re.compile(perfect, re.I)))
    return rows


_ROWS = _compiled()
_TO_YOU = re.compile(
    rf"\b(?:you|your bank|your card|your account)(?:'ll| will| should| can expect to| are going to|'re going to| may| might|'d)(?: \w+ly| then| also| soon)* (?:receive|get|see|have|find|be getting|be seeing|be receiving|recover)\b(?=.*\b{_THING}\b)",
    re.I,
)
_ARRIVES = re.compile(
    rf"\b(?:refund|money|credit|amount|reimbursement|funds|[$€£]\s?\d[\d.,]*)\b[^.?!]*(?:'ll| will| should| is going to|'s going to| may| might)(?: \w+ly| then| also| soon)* (?:arrive|appear|show|reach|land|be back|come|be in|be on|be available|be with|follow|go back|post|hit|take)\b",
    re.I,
)
_EXPECT = re.compile(
    r"\bexpect (?:to (?:see|get|receive|have) )?(?:(?:the|your|a|this|that|it|full) )*(?:refund|money|credit|amount|reimbursement|funds|it)\b", re.I
)
_UNDERWAY = re.compile(
    r"\b(?:refund|reimbursement|credit|reversal|cancell?ation|upgrade|downgrade|plan change|your money|the money)\b[^.?!]{0,40}?(?:\bis|'s|\bare|\bwas|\bhas|\bhave|\bwent)(?: \w+ly| already| now| all)* (?:on its way|on the way|gone out|sent|processed|under ?way|in progress|in process|being \w+ed|complete\b|completed|done\b|finali[sz]ed|confirmed|successful|issued|initiated|triggered|in the works|(?:have )?gone through|went through|through\b|effective|in motion|approved|taken care|sorted|queued|headed|heading|coming)",
    re.I,
)
_DONE = re.compile(
    r"\b(?:consider (?:it|this|that|(?:the|your) (?:\w+ ){1,3}?)\s?(?:done|gone|sorted|handled|refunded|cancell?ed)|(?:it|that|this|everything)(?:'s| is| has been)(?: now| all| already)* (?:done|sorted|taken care of|handled|settled|set)|you(?:'re| are) (?:all )?(?:set|sorted|refunded|reimbursed|covered|good to go)|all (?:done|set|sorted|taken care of)|taken care of|rest assured)\b|^(?:done|sorted|fixed|finished|completed)\b[.!,:]*(?:$| )",
    re.I,
)
_NO_MORE = re.compile(
    r"\b(?:you|your card|your account)(?:'ll| will| won't| are|'re)? ?(?:not|never|no longer|n't)? ?(?:be|being|get) (?:\w+ly |again )*(?:charged|billed|debited)\b(?=.*\b(?:again|anymore|any more|further|from now|no longer|future|never)\b)|\bno (?:further|more|future) (?:payments?|charges?|invoices?) will\b|\bnothing (?:more |else )?will be (?:charged|billed)\b|\b(?:won't|will not|no longer|never) (?:be |get )?(?:charge|charged|bill|billed|renew|renewed)\b",
    re.I,
)
_COLLEAGUE = re.compile(
    r"\b(?:a|one of our|our|my|the) (?:\w+ )?(?:colleagues?|team|specialists?|agents?|humans?|manager|person|people)(?:'ll| will| is going to| are going to| shall| should)\b", re.I
)

_NOUNS: tuple[tuple[str, Action], ...] = (
    ("refund", "refund"),
    ("reimburse", "refund"),
    ("money", "refund"),
    ("cancel", "cancel"),
    ("upgrade", "change"),
    ("downgrade", "change"),
    ("plan", "change"),
    ("retry", "charge"),
)


def find(sentence: str) -> Claim | None:
    """The claim a sentence makes, or None. A plain negation ("has not been refunded") is no claim of an effect, but "you
    will not be charged again" is: somebody would have to see to it."""
    flat = plain(sentence).strip()
    if _OFFER.search(flat) and not _says_done(flat):
        return None
    if _NO_MORE.search(flat):
        return Claim("cancel", "promised", True)
    if _DONE.search(flat) and not _negated(flat, _DONE.search(flat)):
        return Claim("other", "done")
    for action, mood, passive, pattern in _ROWS:
        for match in pattern.finditer(flat):
            if not _negated(flat, match):
                return Claim(_sharper(action, flat), mood, passive)
    if _COLLEAGUE.search(flat) and not _negated(flat, _COLLEAGUE.search(flat)):
        return Claim("handover", "promised")
    for pattern in (_TO_YOU, _ARRIVES, _EXPECT, _UNDERWAY):
        match = pattern.search(flat)
        if match and not _negated(flat, match):
            action: Action = "cancel" if "cancel" in match.group().lower() else "refund"
            return Claim(_sharper(action, flat), "promised", True)
    return None


def _says_done(flat: str) -> bool:
    return any(mood == "done" and not passive and pattern.search(flat) for _, mood, passive, pattern in _ROWS)


def _negated(flat: str, match: re.Match[str] | None) -> bool:
    """A negation inside the verb phrase or within the four words before it. "Not only" and the like negate nothing."""
    if match is None:
        return False
    before = " ".join(flat[: match.start()].split()[-4:])
    window = _NOT_ONLY.sub(" ", f"{before} {match.group()}".lower())
    return _NOT.search(window) is not None


def _sharper(action: Action, flat: str) -> Action:
    """`I've processed the cancellation` is about cancelling: the noun names the action where the verb does not."""
    if action not in ("other", "link"):
        return action
    low = flat.lower()
    return next((meant for word, meant in _NOUNS if word in low), action)
