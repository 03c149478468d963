"""What in a text belongs to one customer: found, and taken out before a text may become an article.

Patterns for what has a shape, and a list of words that are no names for what has none: a capitalised word that neither
the help centre nor the examples know is taken for a name. So it takes too much rather than too little, and a human puts
a product's name back by vouching for it. Two capitalised words in a row that our articles never write so are a name,
even when both are common ("April Long"); one such word alone ("Bill", "Grace") is not seen.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable
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
# Two or three in a row: "April Long", "the Business Plan".
_ROW: Final = re.compile(rf"(?<![\w@./-]){_NAME_WORD}(?: {_NAME_WORD}){{1,2}}(?![\w@])")
_ROWS: Final = re.compile(rf"(?<![\w@./-]){_NAME_WORD}(?: {_NAME_WORD})+")
_CAPITALISED: Final = re.compile(rf"(?<![\w@./-])(?:{_NAME_WORD}|[A-ZÀ-ÖØ-Þ]{{6,}})(?![\w@])")
# Beside a name, a common word with a capital belongs to it: "Grace [name]" after another word, "[name] Page" anywhere.
_PARTICLE: Final = r"(?:de|da|di|du|del|della|dos|van|von|der|den|la|le|el|al|bin|ter|zu)"
_WHOLE_NAME: Final = re.compile(
    rf"(?:(?:(?<=[a-z,;] )|(?<=\()){_NAME_WORD} )?\[name\]"
    rf"(?: (?:(?:{_PARTICLE} ){{1,2}}(?=\[name\]))?(?:\[name\]|{_NAME_WORD}))*(?:['’]s)?"
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# What stands before the name of a button, a page or a menu, and hardly before a person's.
_LABELLED: Final = re.compile(
    r"(?:\b(?:open|choose|press|click|select|tap|go to|under|tick|enable)\s+(?:on\s+|the\s+)?|(?:→|›|»|>)\s*|[*“\"])\Z"
    r"|[,;]\s+then\s+\Z",
    re.I,
)
# What follows the name of a button, a page or a plan.
_LABEL_OF: Final = re.compile(
    r"[*”\"]|\s+(?:button|page|menu|tab|section|field|plan|screen|dialog|link|toggle|view)s?\b"
)
_SENTENCE_BEGINS: Final = re.compile(r"(?:\A|\n|[.!?:…]['\")’”\]]*\s)[\s>•*#\d.)-]*[\"“'‘(\[]*\Z")
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
# Given names that are words too. At the beginning of a sentence a capital says nothing: there one of them has to lead.
_GIVEN: Final = frozenset(
    re.findall(
        r"\w+",
        "amber angel april art august autumn basil bill bob carol chance charity chase cherry christian clay "
        "cliff crystal daisy dale dawn dean destiny drew earl eve faith fern forest frank gene ginger glen "
        "grace grant guy harmony harry hazel heath heather holly honey hope hunter iris ivy jack jade jasmine "
        "jay jean jewel joy june lance lily mark mason max may melody mercy miles misty norm olive opal pat "
        "patience pearl peg penny pepper poppy ray reed rich rob robin rocky rod rose ruby rusty sage sandy "
        "skip sky stan star sterling storm sue summer sunny trinity van victor violet wade ward will willow "
        "woody",
    )
)


@dataclass(frozen=True, slots=True)
class Own:
    """What is known of the customer a text is about. `names`: whole words or phrases that are theirs, in large or small
    letters; they are taken out whatever a human vouches for."""

    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Common:
    """What is everybody's: `words` (lower case) and product names that our own texts use, `amounts` that they state,
    `pairs` of capitalised words that they write in a row (lower case, one space)."""

    words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()


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
        return _WHOLE_NAME.sub("[name]", self._taken_out(redact(_visible(text)), []))

    def findings(self, text: str) -> list[Finding]:
        """What `removed` would take out, in the order of the rules."""
        found: list[Finding] = []
        text = _visible(text)
        if redact(text) != text:
            found.append(Finding("secret", "a card number, code, password or key"))
        self._taken_out(text, found)
        return found

    def _taken_out(self, text: str, found: list[Finding]) -> str:
        """Every rule in its order; what it takes is added to `found`."""
        rules: list[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]]] = [
            (kind, shape, lambda match, kind=kind: self._personal(kind, match.group())) for kind, shape in _SHAPES
        ]
        if self.own.names:
            rules.append(("name", self._own_pattern(), lambda match: match.group()))
        rules.append(("name", _INTRODUCED, lambda match: self._personal("name", match[1])))
        rules.append(("name", _ROW, self._row_of_a_name))
        rules.append(("name", _CAPITALISED, lambda match: "" if self._common(match) else match.group()))
        for kind, pattern, personal in rules:

            def put(match: re.Match[str], kind: str = kind, personal: Callable[..., str] = personal) -> str:
                part = personal(match)
                if not part:
                    return match.group()
                found.append(Finding(kind, part))
                return match.group().replace(part, f"[{kind}]")

            text = pattern.sub(put, text)
        return text

    def _personal(self, kind: str, text: str) -> str:
        """The text where it is not everybody's, else nothing."""
        known = MARK.fullmatch(text) or text.strip().lower() in self.allowed
        return "" if known or (kind == "amount" and _amount(text) in self.common.amounts) else text

    def _own_pattern(self) -> re.Pattern[str]:
        names = sorted((re.escape(name) for name in self.own.names), key=len, reverse=True)
        return re.compile(rf"(?<![\w])(?:{'|'.join(names)})(?:['’]s)?(?![\w])", re.I)

    def _row_of_a_name(self, match: re.Match[str]) -> str:
        """Of two or three capitalised words in a row, those that are somebody's name though each may be common."""
        words = match.group().split(" ")
        before = match.string[max(0, match.start() - 60) : match.start()]
        if _SENTENCE_BEGINS.search(before) and words[0].lower() not in _GIVEN:
            before, words = f"{before}{words[0]} ", words[1:]
        after = match.string[match.end() : match.end() + 12]
        if len(words) < 2 or before.endswith("[") or _LABELLED.search(before) or _LABEL_OF.match(after):
            return ""
        plain = [re.sub(r"['’]s\Z", "", word.lower()) for word in words]
        nobodys = self.allowed | (_NOBODY - _GIVEN)
        if " ".join(plain) in self.allowed or any(word in nobodys for word in plain) or _titled(match):
            return ""
        ours = all(f"{one} {other}" in self.common.pairs for one, other in itertools.pairwise(plain))
        return "" if ours else " ".join(words)

    def _common(self, found: re.Match[str]) -> bool:
        """Whether a capitalised word is nobody's name."""
        word = found.group()
        before = found.string[max(0, found.start() - 12) : found.start()]
        if before.endswith("[") or _LABELLED.search(before):  # one of our marks, or a button
            return True
        parts = re.split(r"[-'’]", word.lower().removesuffix("'s").removesuffix("’s"))
        return all(self._known(part) for part in parts if part) or word.lower() in self.allowed

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
    pairs: set[str] = set()
    sums: set[str] = set()
    for text in texts:
        for row in _ROWS.finditer(text):
            pairs |= {f"{one} {other}" for one, other in itertools.pairwise(row.group().lower().split(" "))}
        sums |= {_amount(found.group()) for found in _AMOUNT.finditer(text)}
        for found in _WORD.finditer(text):
            word = found.group()
            for part in re.split(r"[-'’]", word):
                (names if part[:1].isupper() else words).add(part.lower())
    return Common(frozenset(words), frozenset(names), frozenset(sums), frozenset(pairs))


def without_courtesies(text: str) -> str:
    """Without the greeting at the top and the sign-off at the end: that is where names stand."""
    body = _GREETING.sub("", _visible(text).strip(), count=1)
    return _SIGN_OFF.sub("", f"\n{body}").strip()


def _titled(match: re.Match[str]) -> bool:
    """Whether it stands in a heading, or in a line in which all that matters has a capital: "How Do I Pay My Bill"."""
    text = match.string
    line = text[text.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
    weighty = [word for word in _WORD.findall(line) if len(word) > 3]
    return line.lstrip().startswith("#") or (len(weighty) > 3 and all(word[0].isupper() for word in weighty))


def _amount(text: str) -> str:
    """`$1,200.00` and `1200 $` alike."""
    digits = re.sub(r"[^\d.,]", "", text)
    whole = re.sub(r"[.,]00$", "", digits)
    return re.sub(r"[.,]", "", whole)


def _visible(text: str) -> str:
    """NFKC, without invisible and control characters: what hides between letters would hide a name from the rules."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if c in "\n\t" or unicodedata.category(c)[0] != "C")
