"""Secrets leave a text before its first write: card numbers, security codes, API keys, tokens, spoken passwords.

Each is replaced by a labelled mark, so that people and models still understand what was said. Pure and linear in the
text's length. It is a net, not a proof: what nobody could recognise as a secret stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import cast, overload

# What may stand between the digits of one card number; zero-width characters included, as copied text carries them.
_GAP = r"[ .\-/_\t\r\n\u00a0\u2000-\u200d\u2010-\u2015\u202f\u2060\ufeff]{0,3}"
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

# RFC 8259, section 7, in a text that is not JSON as a whole: a call cut off, a log line that quotes one.
# Halves of surrogate pairs are left alone: no digit is one, and half of a pair cannot be stored.
_ESCAPE = re.compile(r"\\(?:[\"\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})")

_CODE_WORDS = (
    r"(?:cvv2?|cvc2?|csc|cid|security[ -]code|card[ -]code|verification[ -](?:code|number|value)"
    r"|prüfnummer|kartenprüfnummer|cryptogramme|código de seguridad)"
)
_CODE_AFTER = re.compile(rf"(?i)\b({_CODE_WORDS}\b[^\d\n\[\]]{{0,20}})(\d{{3,4}})(?![\d\w])")
_CODE_BEFORE = re.compile(
    r"(?i)(?<![\w.,/-])\d{3,4}(?=\s*(?:is|=|\(|as)?\s*(?:my|the|for the)?\s*\(?"
    rf"{_CODE_WORDS}\b(?!\W{{0,8}}[\[\d]))"
)
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
# What each of them begins with: most texts have none of it, and a look for all at once costs less than seven.
_MARKED = re.compile(
    r"-----BEGIN |[sr]k_(?:live|test)_|whsec_|sk-|A[KS]IA|gh[pousr]_|github_pat_|xox[abprs]-|glpat-|eyJ"
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
# "I forgot my password: how do I …"
_ASKED = frozenset(re.findall(r"\w+", "can could do does how i is please what when where why will"))


def redact(text: str) -> str:
    """`text` without its secrets. Applying it twice changes nothing more.

    What is written in JSON's escapes is read first, as its reader would: the arguments of a call are JSON in a text,
    and `4242\\n4242` or `\\u0664` are digits of a card too. JSON stays JSON."""
    read = _ESCAPE.sub(_unescaped, text)
    if read == text or (inside := redact(read)) == read:
        return _redact(text)
    try:
        value = json.loads(text)
        kept = redact_value(value)
    except (ValueError, RecursionError):
        return inside
    return inside if kept == value else json.dumps(kept)


def _redact(text: str) -> str:
    if _MARKED.search(text):
        for pattern, mark in _PLAIN_MARKS:
            text = pattern.sub(mark, text)
    text = _BEARER.sub(r"\1[token removed]", text)
    text = _PASSWORD.sub(_without_password, text)
    if _GROUP.search(text) is None:  # no card number and no code without a digit
        return text
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


def _unescaped(found: re.Match[str]) -> str:
    return str(json.loads(f'"{found[0]}"'))


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
        if not word or word in (_TALKED_ABOUT if spoken else _ASKED):
            return found[0]
    return f"{found[1]}[password removed]"


def _without_cards(text: str) -> str:
    runs = [found.span() for found in _DIGIT_RUN.finditer(text)]
    if not runs:
        return text
    protected = [found.span() for found in _IDENTIFIER.finditer(text)]
    parts: list[str] = []
    done = next_id = 0
    for start, end in runs:
        while next_id < len(protected) and protected[next_id][1] <= start:
            next_id += 1
        if next_id < len(protected) and protected[next_id][0] < end:
            continue
        for first, last, ending in Run(text, start, end).cards():
            parts += [text[done:first], f"[card number removed, ends {ending}]"]
            done = last
    parts.append(text[done:])
    return "".join(parts)


class Run:
    """Digits with little between them. Finds the card numbers made of whole groups, in linear time."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._groups = [found.span() for found in _GROUP.finditer(text, start, end)]
        self._text = text
        self._digits = "".join(str(int(c)) for c in text[start:end] if c.isdigit())
        self._first = list(accumulate((last - first for first, last in self._groups), initial=0))
        self._group_at = {place: index for index, place in enumerate(self._first)}
        # Running Luhn sums for numbers that end at an even and at an odd place: a window's is a difference.
        plain = [int(d) for d in self._digits]
        doubled = [d * 2 - 9 * (d > 4) for d in plain]
        self._sums = (
            list(
                accumulate(
                    (d if i % 2 == 0 else e for i, (d, e) in enumerate(zip(plain, doubled, strict=True))), initial=0
                )
            ),
            list(
                accumulate(
                    (d if i % 2 == 1 else e for i, (d, e) in enumerate(zip(plain, doubled, strict=True))), initial=0
                )
            ),
        )

    def cards(self) -> list[tuple[int, int, str]]:
        """(start, end, last four digits) in the text. Known issuers first, so that no neighbour number splits one."""
        used = bytearray(len(self._groups))
        found: list[tuple[int, int]] = []
        for fits in (self._is_issued, self._is_plain):
            place = 0
            while place < len(self._groups):
                beyond = self._window(place, fits)
                if beyond is None or any(used[place:beyond]):
                    place += 1
                    continue
                used[place:beyond] = b"\x01" * (beyond - place)
                found.append((place, beyond))
                place = beyond
        return [
            (self._groups[a][0], self._groups[b - 1][1], self._digits[self._first[b] - 4 : self._first[b]])
            for a, b in sorted(found)
        ]

    def _window(self, place: int, fits: Callable[[int, int], bool]) -> int | None:
        """The group beyond a card number that begins with group `place`."""
        start = self._first[place]
        if start == len(self._digits) or self._digits[start] in "01":
            return None
        for length in _LENGTHS:
            beyond = self._group_at.get(start + length)
            if beyond is not None:
                sums = self._sums[(start + length - 1) % 2]
                if (sums[start + length] - sums[start]) % 10 == 0 and fits(place, beyond):
                    return beyond
        return None

    def _is_issued(self, place: int, beyond: int) -> bool:
        return _SCHEME.fullmatch(self._digits, self._first[place], self._first[beyond]) is not None

    def _is_plain(self, place: int, beyond: int) -> bool:
        """An unknown issuer's number counts only when it is written evenly: dates and amounts in a row are not.

        None of them has 14 digits: Diners Club and Maestro are known, and a French SIRET has the same check digit."""
        if self._first[beyond] - self._first[place] == 14:
            return False
        groups = self._groups[place:beyond]
        sizes = {last - first for first, last in groups[:-1]}
        gaps = {self._text[a[1] : b[0]] for a, b in pairwise(groups)}
        return len(sizes) <= 1 and len(gaps) <= 1 and not any("\n" in gap for gap in gaps)
