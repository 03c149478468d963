"""Sentences that give a model orders. A customer may write them; an article that is read to a model must not hold them.

Articles change no action in any case (the gate does not read them). This keeps what a customer planted from becoming a
text that the company seems to say.
"""

from __future__ import annotations

import re
from typing import Final

_RULES: Final = r"(?:instruction|rule|polic|prompt|guideline|guardrail|restriction|limit|previous|above|prior|training)"
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
    r"|\b(?:tell|inform|assure|promise)\s+(?:the |every |all |any )?(?:user|customer|client|reader)s?\b"
    r"|<\|?[\w/]+\|?>|\[/?(?:inst|sys|system)\]|```",
    re.I,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+")


def orders(text: str) -> list[str]:
    """What of the text reads like an order to a model, each at most 120 characters."""
    return [found.group().strip()[:120] for found in _ORDER.finditer(text)]


def sentences(text: str) -> list[str]:
    """Sentences and lines, in order, without empty ones."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]
