"""Sentences that give a model orders. A customer may write them; an article that is read to a model must not hold them.

Articles change no action in any case (the gate does not read them). This keeps what somebody planted from becoming a
text that the company seems to say. It is a net of patterns: an order in words of its own passes it, and a human's
review is what it helps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from knowledge.readings import disguised

_RULES: Final = r"(?:instruction|rule|polic|prompt|guideline|guardrail|restriction|limit|previous|above|prior|training)"
_READER: Final = r"(?:ai|assistant|chat ?bot|bot|llm|(?:language )?model)s?\b"
_BEFORE: Final = r"(?:previous|prior|above|earlier|preceding|other|existing|current|system|safety|original|initial)"
# What hardly anybody writes to a customer, whatever the company does: it is an order, or a text about such orders.
_GRAVE: Final = re.compile(
    rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|every|each|of|the|these|those|your|my|our)\s+)*"
    rf"(?:(?:{_BEFORE}\s+(?:and\s+)?)+(?:instructions?|rules?|prompts?|guidelines?|directions?|polic(?:y|ies)|messages?)"
    r"|(?:instructions|prompt|guidelines|guardrails|programming|training)\b"
    r"|(?:what|everything|anything|all)\s+(?:that\s+)?(?:you\s+(?:were|are|have been|know)|was said|(?:came |stands? )?"
    r"(?:above|before)\b))"
    rf"|\b(?:note|message|instructions?|reminder|dear|hey|hello|attention)[,:]?\s+(?:to|for)?\s*(?:the|any|all|every)?"
    rf"\s*{_READER}"
    r"|\bnew (?:rules?|instructions?|orders?) for "
    r"(?:you|this (?:case|chat|conversation)|the (?:ai|assistant|bot|model))\b"
    r"|\b(?:reveal|print|repeat|copy|show|output|leak|disclose)\s+(?:me\s+|us\s+)?(?:(?:all|of|the|your|its)\s+)*"
    r"(?:(?:system|hidden|secret|initial)\s+(?:prompt|instructions)|prompt\b|instructions word)"
    r"|\b(?:do not|don't|never)\s+(?:tell|mention|reveal|show|say)\s+(?:this|it|that|any of this)\s+to\s+the\s+"
    r"(?:user|customer|client|reader)"
    r"|(?:\b(?:call|invoke|llama a|rufe auf)|调用)\s+(?:the\s+)?(?:tool\s+|function\s+)?[a-z]+(?:_[a-z]+)*"
    r"(?:\s+[a-z_]+=\S+)+"
    r"|(?:^|[\s;.:!?>])(?:call|invoke)\s+(?:the\s+)?(?:tool|function)\s+[a-z]+(?:_[a-z]+)+"
    r"|(?:^|[\s;.:!?>])(?:say|answer|reply|respond)\s+(?:exactly\s+)?(?:«|<<)"
    r"|\bwithout (?:any )?(?:rules|restrictions|limits|filters)\b[^.!?\n]{0,30}\b(?:answers?|says?|replies)\b"
    r"|<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|\[/?INST\]|<</?SYS>>"
    # The same in the languages in which it is met most.
    r"|\bignora(?:r|d)?\s+(?:todas?\s+)?(?:las?|los?)\s+(?:instruccion|regla|norma)|\binstruccion(?:es)?\s+del\s+sistema"
    r"|\bignorier(?:e|en|t)\s+(?:alle\s+|die\s+|deine\s+|sie\s+)*(?:bisherig|vorherig|obig|fruher|anweisung|regeln)"
    r"|\banweisung(?:en)?\s+(?:der\s+leitung|des\s+systems|an\s+(?:die\s+ki|den\s+assistenten|das\s+modell))"
    r"|\bignorez?\s+(?:toutes?\s+)?(?:les|vos|tes)\s+(?:instruction|regle|consigne)"
    r"|系统指令|忽略(?:之前|以上|上面|所有|先前)",
    re.I,
)
_ORDER: Final = re.compile(
    rf"\b(?:ignore|disregard|forget|override|overrule|bypass|skip|drop)\b[^.!?\n]{{0,60}}\b{_RULES}"
    r"|\b(?:system|developer|assistant|admin(?:istrator)?)\s*(?:prompt|message|note|override|mode)\b"
    r"|(?:^|\n)\s*(?:system|assistant|developer|user|tool)\s*:"
    r"|\byou(?:'re| are| must| should| shall| will)\s+(?:now\s+)?(?:always|never|no longer|allowed to|authori[sz]ed"
    r"|(?:an?|the)\s+\w+\s*(?:ai|agent|assistant|bot|model)|instructed|required to|refund|credit|approve|reveal)\b"
    r"|\b(?:act|behave|respond|pose) as (?:if|an?|the)\b|\bpretend (?:to be|that|you)\b"
    r"|\bas an? (?:ai|language model)\b"
    r"|\b(?:note|message|attention|instructions?|reminder|dear|hey|hello)\b[^.!?\n]{0,20}\b(?:ai|agent|bot|assistant|model"
    r"|llm|chatbot)s?\b"
    r"|\b(?:call|invoke|run|execute|use)\s+(?:the\s+)?(?:tool|function|api|command)\b"
    r"|\b(?:always|automatically|immediately|without (?:asking|approval|confirmation|checking))\s+(?:\w+\s+){0,2}"
    r"(?:refund|credit|approve|pay out|grant)\b"
    r"|\b(?:refund|credit|approve|grant)\b[^.!?\n]{0,60}\bwithout (?:asking|approval|confirmation|check)"
    r"|\b(?:tell|inform|assure|promise)\s+(?:the |every |all |any )?(?:user|customer|client|reader)s?\b",
    re.I,
)
_MARKUP: Final = re.compile(r"<\|?[\w/]+\|?>|\[/?(?:inst|sys|system)\]|```", re.I)
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Order:
    """`text` as it reads undressed, at most 120 characters. `grave`: not to be published before a human has vouched for
    it; an order in disguise always is."""

    text: str
    grave: bool


def found_orders(text: str) -> list[Order]:
    """What of a text, code and markup included, reads like an order to a model; none twice, the grave first."""
    plain = list(_found(text))
    known = {each.text.lower() for each in plain}
    dressed = [
        Order(order.text, grave=True)
        for reading in disguised(text)
        for order in _found(reading)
        if order.text.lower() not in known
    ]
    found = sorted([*dressed, *plain], key=lambda each: not each.grave)
    return list({each.text.lower(): each for each in reversed(found)}.values())[::-1]


def orders(text: str) -> list[str]:
    """What of a sentence or an article in plain words gives orders to a model, or is markup made for one."""
    return [order.text for order in found_orders(text)] + [found.group() for found in _MARKUP.finditer(text)]


def sentences(text: str) -> list[str]:
    """Sentences and lines, in order, without empty ones."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def _found(text: str) -> Iterator[Order]:
    grave = list(_GRAVE.finditer(text))
    slight = [
        found
        for found in _ORDER.finditer(text)
        if not any(found.start() < other.end() and other.start() < found.end() for other in grave)
    ]
    for found in (*grave, *slight):
        yield Order(" ".join(found.group().split())[:120], found.re is _GRAVE)
