"""A customer's no, as a closed class of words. It can stop things and never permits one."""

from __future__ import annotations

import re

_BEFORE = r"\W*(?:(?:oh|ah|hm+|well|actually|sorry|wait|hold on|okay|ok|on second thoughts?)\b\W*)*"
# "No problem" and "don't worry" agree. "No, the October one" corrects and "no, refund it" wishes: what is left after
# the no is for whoever reads it to look at.
_NO = re.compile(
    _BEFORE + r"(?:no(?!\W+(?:problem|worries|rush|doubt|objections?|issues?|idea|clue)\b)|nope|nah|neither"
    r"|none(?: of (?:them|these|those))?|never ?mind|forget (?:it|that|about it|about that)|not now"
    r"|n(?=\W*$)|stop(?=\W*(?:it|that|please|$))|leave (?:it|that|everything))\b",
    re.I,
)
_PLAIN_NO = re.compile(
    _BEFORE + r"(?:no|nope)?\W*(?:please )?(?:do not|don'?t|don’t)\b(?!\W+(?:worry|wait|hesitate)\b)", re.I
)


def refuses(text: str) -> bool:
    """Whether the message begins with a no, whatever follows."""
    return refuses_plainly(text) or _NO.match(text) is not None


def refuses_plainly(text: str) -> bool:
    """Whether it begins with "don't": that is no wish of its own."""
    return _PLAIN_NO.match(text) is not None
