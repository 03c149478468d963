"""What in a text belongs to one customer: found, and taken out before a text may become an article.

Patterns for what has a shape, and a list of words that are no names for what has none: a capitalised word that neither
the help centre nor the examples know is taken for a name. So it takes too much rather than too little, and a human puts
a product's name back by vouching for it. A name that is also a common word ("Bill", "Grace") is not seen by itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from store.redaction import redact

_CURRENCY: Final = r"(?:US\$|[$€£¥]|USD|EUR|GBP|CHF|JPY|CAD|AUD)"
_FIGURE: Final = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_AMOUNT: Final = re.compile(
    rf"(?<![\w]){_CURRENCY}\s?(?:{_FIGURE})(?!\d)|(?<![\w.,])(?:{_FIGURE})\s?"
    rf"(?:[$€£¥]|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|dollars?|euros?|pounds?|bucks|quid)\b)",
    re.I,
)
_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_ORDINAL: Final = r"\d{1,2}(?:st|nd|rd|th)?"
# In this order: what is taken first is not looked at again.
_SHAPES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("e-mail", re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+|\b[\w.+-]+\s?[\[(]\s?at\s?[\])]\s?[\w.-]+", re.I)),
    (
        "link",
        re.compile(
            r"\b(?:https?|ftp)://[^\s<>\"')\]]+|\bwww\.[^\s<>\"')\]]+|\b[\w-]+(?:\.[\w-]+)+/[^\s<>\"')\]]*", re.I
        ),
    ),
    ("IP address", re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")),
    (
        "card",
        re.compile(
            r"\[card number removed[^\]]*\]|(?:card|visa|mastercard|amex|ending|ends)\s+(?:in|with|on|ending)?\s*"
            r"[*•x.·]*\s?\d{4}\b|[*•x]{2,}\s?\d{4}\b",
            re.I,
        ),
    ),
    ("amount", _AMOUNT),
    (
        "date",
        re.compile(
            rf"\b\d{{4}}-\d{{1,2}}-\d{{1,2}}\b|\b\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}\b"
            rf"|\b{_ORDINAL}(?:\s+of)?\s+{_MONTH}\b\.?(?:,?\s+\d{{4}}\b)?|\b{_MONTH}\.?\s+{_ORDINAL}\b(?:,?\s+\d{{4}}\b)?",
            re.I,
        ),
    ),
    (
        "id",
        re.compile(
            r"(?<![A-Za-z0-9])[A-Za-z]{2,12}_[A-Za-z0-9_]*\d[A-Za-z0-9_]*|(?<![A-Za-z0-9])cus_\w+"
            r"|(?<![\w])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w])"
            r"|(?<![\w])(?=[\w-]*\d[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+(?![\w])"
            r"|(?<![\w])(?=\w*\d\w*\d\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]{6,}(?![\w])"
            r"|(?:order|invoice|ticket|case|account|customer)\s*(?:no\.?|nr\.?|number|#|id)?\s*[:#]?\s*#?\d{3,}"
            r"|#\d{3,}"
        ),
    ),
    ("telephone number", re.compile(r"(?<![\w.,])\+?\(?\d{1,4}\)?(?:[ ./()-]{1,2}\d{2,8}){2,6}(?![\w-])|\+\d{7,15}\b")),
    ("number", re.compile(r"(?<![\w.,])\d{5,}(?![\w])")),
    (
        "address",
        re.compile(
            r"\b\d{1,5}[a-z]?\s+(?:[A-Z][\w'’-]+\s+){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|way|boulevard)\b"
            r"|\b[A-ZÄÖÜ][\wäöüß-]+(?:straße|strasse|weg|platz|gasse)\s+\d{1,4}[a-z]?\b",
            re.I,
        ),
    ),
)
MARK: Final = re.compile(r"\[(?:e-mail|link|IP address|card|amount|date|id|telephone number|number|address|name)\]")

_NAME_WORD: Final = r"[A-ZÀ-ÖØ-Þ][\w'’-]*[a-zà-öø-ÿ][\w'’-]*"
_INTRODUCED: Final = re.compile(
    rf"\b(?:[Mm]y name is|[Ii] am called|[Tt]his is|(?:Mr|Mrs|Ms|Dr|Herr|Frau)\.?)\s+"
    rf"({_NAME_WORD}(?:\s+{_NAME_WORD}){{0,2}})"
)
_CAPITALISED: Final = re.compile(rf"(?<![\w@./-])(?:{_NAME_WORD}|[A-ZÀ-ÖØ-Þ]{{6,}})(?![\w@])")
# Beside a name, a common word with a capital belongs to it: "Grace [name]" after another word, "[name] Page" anywhere.
_WHOLE_NAME: Final = re.compile(rf"(?:(?<=[a-z,;] ){_NAME_WORD} )?\[name\](?: (?:\[name\]|{_NAME_WORD}))*(?:['’]s)?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# What stands before the name of a button, a page or a menu, and hardly before a person's.
_LABELLED: Final = re.compile(
    r"(?:\b(?:open|choose|press|click|select|tap|go to|under|tick|enable)\s+(?:on\s+|the\s+)?|(?:→|›|»|>)\s*|[*“\"])\Z"
    r"|[,;]\s+then\s+\Z",
    re.I,
)
_GREETING: Final = re.compile(
    r"^\s*(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings)\b[^,.!?:\n-]{0,40}[,.!:\n-]\s*)+",
    re.I,
)
_SIGN_OFF: Final = re.compile(
    r"\n[ \t]*(?:(?:(?:kind|best|warm|many)\s+)?(?:regards|wishes|greetings)\b[^\n]{0,40}"
    r"|(?:best|cheers|sincerely)[,.! ]*|(?:many )?(?:thanks|thank you)\b[^\n]{0,60}"
    r"|yours(?: (?:truly|sincerely|faithfully))?[,.! ]*|take care[^\n]{0,40}"
    r"|have a (?:nice|great|good|lovely) [^\n]{0,40}|--[ \t]*(?=\n)|—[^\n]{0,60}|sent from my [^\n]{0,60})"
    r"(?:\n[^\n]{0,60}){0,4}\s*\Z",
    re.I,
)
# Written with a capital in the middle of a sentence, and nobody's name.
_NOBODY: Final = frozenset(
    re.findall(
        r"\w+",
        "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
        "september october november december english german french spanish italian european american british europe "
        "germany france spain italy austria switzerland usa uk google github gitlab slack zapier okta excel chrome "
        "safari firefox edge iphone ipad android microsoft outlook gmail paypal visa mastercard amex maestro sepa "
        "stripe quickbooks xero windows mac macos linux ios apple teams zoom notion jira salesforce hubspot dropbox "
        "twitter facebook linkedin webhook webhooks api csv pdf json sso saml oauth html url vat gst iban ok faq id i "
        "lee",
    )
)


@dataclass(frozen=True, slots=True)
class Own:
    """What is known of the customer a text is about. `names`: whole words or phrases that are theirs, in large or small
    letters; they are taken out whatever a human vouches for."""

    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Common:
    """What is everybody's: `words` (lower case) and product names that our own texts use, `amounts` that they state."""

    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is e-mail, link, name, …; `text` as it stands there."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Privacy:
    """Finds and removes. `allowed`: exact words that a human vouches for, in lower case."""

    common: Common
    own: Own = Own()
    allowed: frozenset[str] = field(default=frozenset())

    def removed(self, text: str) -> str:
        """The text with a mark such as `[name]` where something personal stood."""
        text = redact(_visible(text))
        for kind, shape in _SHAPES:
            text = shape.sub(lambda found, kind=kind: self._mark(kind, found.group()), text)
        text = self._own_pattern().sub("[name]", text) if self.own.names else text
        text = _INTRODUCED.sub(lambda found: found.group().replace(found[1], self._mark("name", found[1])), text)
        text = _CAPITALISED.sub(lambda found: self._if_name(text, found), text)
        return _WHOLE_NAME.sub("[name]", text)

    def findings(self, text: str) -> list[Finding]:
        """What `removed` would take out, in the order of the rules."""
        found: list[Finding] = []
        left = _visible(text)
        if redact(left) != left:
            found.append(Finding("secret", "a card number, code, password or key"))
        for kind, shape in _SHAPES:
            for match in shape.finditer(left):
                if self._mark(kind, match.group()) != match.group():
                    found.append(Finding(kind, match.group()))
            left = shape.sub(lambda match, kind=kind: self._mark(kind, match.group()), left)
        if self.own.names:
            found += [Finding("name", match.group()) for match in self._own_pattern().finditer(left)]
            left = self._own_pattern().sub("[name]", left)
        for match in _INTRODUCED.finditer(left):
            if self._mark("name", match[1]) != match[1]:
                found.append(Finding("name", match[1]))
        left = _INTRODUCED.sub(lambda match: match.group().replace(match[1], self._mark("name", match[1])), left)
        for match in _CAPITALISED.finditer(left):
            if self._if_name(left, match) != match.group():
                found.append(Finding("name", match.group()))
        return found

    def _mark(self, kind: str, text: str) -> str:
        if MARK.fullmatch(text) or text.strip().lower() in self.allowed:
            return text
        if kind == "amount" and _amount(text) in self.common.amounts:
            return text
        return f"[{kind}]"

    def _own_pattern(self) -> re.Pattern[str]:
        names = sorted((re.escape(name) for name in self.own.names), key=len, reverse=True)
        return re.compile(rf"(?<![\w])(?:{'|'.join(names)})(?:['’]s)?(?![\w])", re.I)

    def _if_name(self, text: str, found: re.Match[str]) -> str:
        word = found.group()
        before = text[max(0, found.start() - 12) : found.start()]
        if before.endswith("[") or _LABELLED.search(before):  # one of our marks, or a button
            return word
        parts = re.split(r"[-'’]", word.lower().removesuffix("'s").removesuffix("’s"))
        if all(self._known(part) for part in parts if part) or word.lower() in self.allowed:
            return word
        return "[name]"

    def _known(self, word: str) -> bool:
        ours = self.common.words | self.common.names
        if word in _NOBODY or word in ours or word in self.allowed:
            return True
        # Forms of words that are known: "Exporting" of "export".
        return any(word.removesuffix(end) in ours for end in ("s", "es", "ing", "ed", "d", "ly"))


def common_of(texts: Iterable[str]) -> Common:
    """From texts that hold nobody's data: the help centre's articles, our own examples."""
    words: set[str] = set()
    names: set[str] = set()
    sums: set[str] = set()
    for text in texts:
        sums |= {_amount(found.group()) for found in _AMOUNT.finditer(text)}
        for found in _WORD.finditer(text):
            word = found.group()
            for part in re.split(r"[-'’]", word):
                (names if part[:1].isupper() else words).add(part.lower())
    return Common(frozenset(words), frozenset(names), frozenset(sums))


def without_courtesies(text: str) -> str:
    """Without the greeting at the top and the sign-off at the end: that is where names stand."""
    body = _GREETING.sub("", _visible(text).strip(), count=1)
    return _SIGN_OFF.sub("", f"\n{body}").strip()


def _amount(text: str) -> str:
    """`$1,200.00` and `1200 $` alike."""
    digits = re.sub(r"[^\d.,]", "", text)
    whole = re.sub(r"[.,]00$", "", digits)
    return re.sub(r"[.,]", "", whole)


def _visible(text: str) -> str:
    """NFKC, without invisible and control characters: what hides between letters would hide a name from the rules."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if c in "\n\t" or unicodedata.category(c)[0] != "C")
