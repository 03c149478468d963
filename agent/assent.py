"""A customer's yes, as a closed class of words. It answers a question that Lee has just put, and nothing else."""

from __future__ import annotations

import re

_YES = re.compile(
    r"\W*(?:y|ye[sp]|yeah|yup|sure|ok|okay|correct|exactly|right|definitely|absolutely|of course|please(?: do)?|do it"
    r"|do that|go ahead|that would be|that'd be)\b(?!\W+(?:but|wait|no|not|don'?t)\b)",
    re.I,
)


def assents(text: str) -> bool:
    """Whether the message begins with a yes that nothing takes back at once."""
    return _YES.match(text) is not None
