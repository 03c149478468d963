"""Secrets leave a text before its first write: card numbers, security codes, API keys, tokens, spoken passwords.

Each is replaced by a labelled mark, so that people and models still understand what was said. Pure and linear in the
text's length. It is a net, not a proof: what nobody could recognise as a secret stays.
"""

from __future__ import annotations

import re
from typing import cast, overload

# What may stand between the digits of one card number; zero-width characters included, as copied text carries them.
_GAP = r"[ .\-/_\t\u00a0\u2000-\u200d\u2010-\u2015\u202f\u2060\ufeff]{0,3}"
_DIGIT_RUN = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{12,}}")
_GROUP = re.compile(r"\d+")
# Digits inside an identifier are no card number: Stripe's and ours (`ch_3P…`), UUIDs, hashes. Not `card_`: too near.
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9])(?:ch|py|pi|pm|cus|in|ii|il|inpay|sub|si|sub_sched|price|prod|re|pyr|dp|du|evt|seti|src|txn|req|cs"
    r"|cn|acct|bps|bpc|plink|promo|we|mtr|case|turn|msg|prop|int|esc|log|key|ord|order)_[A-Za-z0-9_]+"
    r"|(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?=[0-9a-f]*[a-f])(?:[0-9a-f]{40}|[0-9a-f]{64})(?![0-9A-Za-z])"
)
_LENGTHS = (16, 15, 14, 19, 13, 18, 17)
# Issuer prefixes with their lengths: Visa, Mastercard, Amex, Diners, Discover, JCB, UnionPay, Maestro.
_SCHEME = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12,17}|6(?:011|4|5)\d{12,16}|35\d{14,17}"
    r"|62\d{14,17}|(?:5[06-9]|6)\d{11,18}"
)

_CODE_WORDS = (
    r"(?:cvv2?|cvc2?|csc|cid|security[ -]code|card[ -]code|verification[ -](?:code|number|value)"
    r"|prüfnummer|kartenprüfnummer|cryptogramme|código de seguridad)"
)
_CODE_AFTER = re.compile(rf"(?i)\b({_CODE_WORDS}\b[^\d\n\[]{{0,20}})(\d{{3,4}})(?![\d\w])")
_CODE_BEFORE = re.compile(rf"(?i)(?<![\w.,])\d{{3,4}}(?=\s*(?:is|=|\(|as)?\s*(?:my|the|for the)?\s*\(?{_CODE_WORDS}\b)")
_CODE_BESIDE_CARD = re.compile(
    r"(\[card number removed, ends \d{4}\](?:[^\d\[]{0,20}\d{1,2}\s?[/.-]\s?\d{2,4}[\s,;/|-]{1,4}|[\s,;/|-]{1,4}))"
    r"(\d{3,4})(?=\s*(?:$|[.,;!?|)\n]))"
)

_PLAIN_MARKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[private key removed]",
    ),
    (re.compile(r"(?<![A-Za-z0-9])(?:sk|rk)_(?:live|test)_[A-Za-z0-9_]{6,}"), "[API key removed]"),
    (re.compile(r"(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/=_-]{6,}"), "[webhook secret removed]"),
    (re.compile(r"(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{16,}"), "[API key removed]"),
    (re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"), "[API key removed]"),
    (
        re.compile(r"(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|xox[abprs]-|glpat-)[A-Za-z0-9_-]{16,}"),
        "[API key removed]",
    ),
    (re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*"), "[token removed]"),
)
_BEARER = re.compile(r"(?i)\b(bearer[ :]+)((?=[A-Za-z0-9._~+/-]*\d)[A-Za-z0-9._~+/-]{8,}=*|[A-Za-z0-9._~+/-]{24,}=*)")
_SPOKEN = r"(?:pass ?word|passwd|pwd|pass ?phrase|pass ?code|passwort|kennwort|contraseña|mot de passe)"
_PASSWORD = re.compile(
    rf"(?i)\b({_SPOKEN}\b[\"']?(?:\s*(?:=|:|->|→)\s*|\s+(?:is|was|ist|es|est)\s*:?\s+))"
    r"(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|(?!\[)(\S{1,200}))"
)
# "my password is wrong" tells of a password without saying it.
_TALKED_ABOUT = frozenset(
    re.findall(
        r"\w+",
        "a accepted already also always an asked blocked broken changed compromised correct denied "
        "different empty expired fine forgotten gone good in incorrect invalid it its known leaked "
        "locked lost missing my needed never no not now ok okay on out refused rejected required reset "
        "right safe same secure set so still stored stolen strong that the there this to too unknown "
        "updated valid weak what working wrong being been going",
    )
)


def redact(text: str) -> str:
    """`text` without its secrets. Applying it twice changes nothing more."""
    for pattern, mark in _PLAIN_MARKS:
        text = pattern.sub(mark, text)
    text = _BEARER.sub(r"\1[token removed]", text)
    text = _PASSWORD.sub(_without_password, text)
    text = _without_cards(text)
    text = _CODE_BESIDE_CARD.sub(r"\1[security code removed]", text)
    text = _CODE_AFTER.sub(r"\1[security code removed]", text)
    return _CODE_BEFORE.sub("[security code removed]", text)


@overload
def redact_value(value: str) -> str: ...
@overload
def redact_value(value: object) -> object: ...
def redact_value(value: object) -> object:
    """The same for a JSON value, all the way down, keys and long numbers included."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(k)): redact_value(v) for k, v in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [redact_value(item) for item in cast("list[object]", value)]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 10**12:
        written = str(value)
        kept = redact(written)
        return value if kept == written else kept
    return value


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _without_password(found: re.Match[str]) -> str:
    bare = found[4]
    if bare is not None:
        word = bare.rstrip(".,;!?").lower()
        spoken = re.search(r"\s(?:is|was|ist|es|est)\s*:?\s+\Z", found[1].lower())
        if not word or (spoken and word in _TALKED_ABOUT):
            return found[0]
    return f"{found[1]}[password removed]"


def _without_cards(text: str) -> str:
    runs = [found.span() for found in _DIGIT_RUN.finditer(text)]
    if not runs:
        return text
    protected = [found.span() for found in _IDENTIFIER.finditer(text)]
    parts: list[str] = []
    done = 0
    for start, end in runs:
        if any(start < stop and begin < end for begin, stop in protected):
            continue
        for first, last in _cards(text, start, end):
            digits = "".join(c for c in text[first:last] if c.isdigit())
            parts += [text[done:first], f"[card number removed, ends {digits[-4:]}]"]
            done = last
    parts.append(text[done:])
    return "".join(parts)


def _cards(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of card numbers in a run of digit groups; known issuers first, so that no neighbour splits one."""
    groups = [found.span() for found in _GROUP.finditer(text, start, end)]
    taken: list[tuple[int, int]] = []
    for known in (True, False):
        place = 0
        while place < len(groups):
            last = _window(text, groups, place, known=known)
            overlaps = last is not None and any(
                groups[place][0] < stop and begin < groups[last][1] for begin, stop in taken
            )
            if last is None or overlaps:
                place += 1
                continue
            taken.append((groups[place][0], groups[last][1]))
            place = last + 1
    return sorted(taken)


def _window(text: str, groups: list[tuple[int, int]], place: int, *, known: bool) -> int | None:
    """Index of the last group of a card number that begins with group `place`, or None."""
    digits = ""
    ends: dict[int, tuple[int, str]] = {}
    for index in range(place, min(place + 19, len(groups))):
        digits += "".join(str(int(c)) for c in text[slice(*groups[index])])
        if len(digits) > 19:
            break
        ends[len(digits)] = (index, digits)
    for length in _LENGTHS:
        if length in ends:
            index, number = ends[length]
            if number[0] not in "01" and luhn(number) and (not known or _SCHEME.fullmatch(number)):
                return index
    return None
