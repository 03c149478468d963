"""What a text holds that its readers do not see, and the text without it.

What nobody sees, nobody has reviewed: it is no part of an article. Characters that show nothing, comments, scripts, and
elements that a page hides go; code that is shown as code stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

UNSEEN: Final = frozenset(
    re.findall(
        r"\w+", "script style noscript template svg nav iframe object canvas head audio video datalist embed applet"
    )
)
_IS: Final = r"\s*:\s*['\"]?\s*"  # of CSS, and of the objects that MDX writes
_NONE: Final = r"(?:0*\.?0+(?:px|pt|em|rem|%|vw|vh)?|0*1(?:\.\d+)?p[xt])(?=['\"\s;,}!]|\Z)"
_HIDING: Final = re.compile(
    rf"display{_IS}none|visibility{_IS}(?:hidden|collapse)|opacity{_IS}0*\.?0+(?![.\d])|content-?visibility{_IS}hidden"
    rf"|font-?size{_IS}{_NONE}|(?<![\w-])(?:left|right|top|bottom|text-?indent|margin[\w-]*){_IS}-\d{{4,}}"
    rf"|clip(?:-?path)?{_IS}(?:rect\(\s*0|inset\(\s*(?:50|100)|circle\(\s*0)|scale\(\s*0*\.?0+\s*[,)]"
    rf"|(?<![\w-])color{_IS}transparent",
    re.I,
)
_FLAT: Final = re.compile(rf"(?<![\w-])(?:max-?)?height{_IS}{_NONE}", re.I)
_CUT_OFF: Final = re.compile(rf"overflow(?:-?[xy])?{_IS}(?:hidden|clip)", re.I)
_COLOUR: Final = re.compile(r"(?<![\w-])(background(?:-color)?|color)\s*:\s*([#\w]+(?:\([^)]*\))?)", re.I)
_ALIKE: Final = {"#fff": "white", "#ffffff": "white", "#000": "black", "#000000": "black"}
_SIMPLE: Final = re.compile(r"(?:[a-z][\w-]*)?([.#][\w-]+)", re.I)

# Of what shows nothing and is not of category C: fillers, joiners of letters, selectors of variants.
_BLANK: Final = frozenset(
    [*"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", *map(chr, (*range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0)))]
)
_UNUSUAL: Final = re.compile(r"[^ -~\n\t]")
_JOINERS: Final = "\u200c\u200d"  # which other scripts, and families of emoji, are written with
_CODE: Final = re.compile(
    r"^ {0,3}(```+|~~~+)[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)|(?<!`)(`{1,9})(?!`)[^\n]{1,500}?(?<!`)\2(?!`)",
    re.S | re.M,
)
_COMMENT: Final = re.compile(r"<!--.*?(?:-->|\Z)|^ {0,3}\[[^\]\n]*\]:\s*(?:#|<>)(?:\s.*)?$", re.S | re.M)
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:[^<>\"']++|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'){0,100}+)>")
_ATTRIBUTE: Final = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|\{([^}]*)\}|([^\s\"'>{]+)))?")
_VOID: Final = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))


def visible(text: str) -> str:
    """Without characters that show nothing; line ends are `\\n`."""
    return _UNUSUAL.sub(_shown, text.replace("\r\n", "\n").replace("\r", "\n"))


def _shown(found: re.Match[str]) -> str:
    character, text, place = found.group(), found.string, found.start()
    if character in _JOINERS:
        near = text[max(0, place - 1) : place], text[place + 1 : place + 2]
        return character if all(each and not each.isascii() for each in near) else ""
    return "" if unicodedata.category(character)[0] == "C" or character in _BLANK else character


def hides(tag: str, attributes: Mapping[str, str], selectors: frozenset[str] = frozenset()) -> bool:
    """Whether an element is not shown. `selectors`: what the page's own styles hide, as `hidden_selectors` gives it."""
    style = attributes.get("style", "")
    named = {f".{name}" for name in attributes.get("class", "").split()} | {f"#{attributes.get('id', '')}"}
    return (
        tag in UNSEEN
        or "hidden" in attributes
        or (tag == "dialog" and "open" not in attributes)
        or _hidden_by(style)
        or bool(named & selectors)
    )


def hidden_selectors(styles: str) -> frozenset[str]:
    """The classes (`.x`) and ids (`#x`) that a style sheet hides."""
    return frozenset(
        name
        for selectors, _, body in (rule.rpartition("{") for rule in styles.split("}"))
        if _hidden_by(body)
        for selector in selectors.split(",")
        for name in [_SIMPLE.fullmatch(selector.strip())]
        if name is not None
        for name in [name[1]]
    )


def is_structured(tag: str, attributes: Mapping[str, str]) -> bool:
    """Whether an element is a JSON-LD script."""
    return tag == "script" and attributes.get("type", "").partition(";")[0].strip().lower() == "application/ld+json"


def seen(markdown: str) -> str:
    """Markdown as its readers see it. The same text again when nothing is hidden in it."""
    return _read(markdown)[0]


def structured(markdown: str) -> list[str]:
    """What stands in the JSON-LD scripts of a Markdown text, but for those that are code or within what hides."""
    return _read(markdown)[1]


def _read(markdown: str) -> tuple[str, list[str]]:
    text = visible(markdown)
    if "<" not in text and "]:" not in text:
        return text, []
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\ue000{len(kept) - 1}\ue001"  # private characters: `visible` leaves none in a text

    def given_back(masked: str) -> str:
        return re.sub("\ue000(\\d+)\ue001", lambda found: kept[int(found[1])], masked)

    masked, data = _without_hidden(_COMMENT.sub("", _CODE.sub(keep, text)))
    return given_back(masked), [given_back(each) for each in data]


def _without_hidden(text: str) -> tuple[str, list[str]]:
    """An element that hides goes with all that is in it; one that is never closed hides the rest. And what stood in the
    scripts of structured data."""
    parts: list[str] = []
    data: list[str] = []
    opened: re.Match[str] | None = None
    start, depth, hiding = 0, 0, ""
    for found in _TAG.finditer(text):
        closes, tag, rest = bool(found[1]), found[2].lower(), found[3]
        if hiding:
            if tag == hiding and tag not in _VOID and not rest.rstrip().endswith("/"):
                depth += -1 if closes else 1
            if depth == 0:
                if opened is not None and is_structured(hiding, _attributes(opened[3])):
                    data.append(text[opened.end() : found.start()])
                start, hiding = found.end(), ""
        elif not closes and tag not in _VOID and not rest.rstrip().endswith("/") and _hidden_in_markdown(tag, rest):
            parts.append(text[start : found.start()])
            depth, hiding, opened = 1, tag, found
    return "".join([*parts, "" if hiding else text[start:]]), data


def _hidden_in_markdown(tag: str, rest: str) -> bool:
    """A `<head>` in the middle of a text hides nothing: browsers pass over it."""
    return tag != "head" and hides(tag, _attributes(rest))


def _attributes(text: str) -> dict[str, str]:
    return {
        found[1].lower(): next((each for each in found.groups()[1:] if each), "") for found in _ATTRIBUTE.finditer(text)
    }


def _hidden_by(style: str) -> bool:
    if _HIDING.search(style) or (_FLAT.search(style) and _CUT_OFF.search(style)):
        return True
    said = {name.lower().partition("-")[0]: value.lower() for name, value in _COLOUR.findall(style)}
    return len(said) == 2 and len({_ALIKE.get(value, value) for value in said.values()}) == 1
