"""HTML as the Markdown that articles are written in: what a reader of the page sees, and nothing else.

Scripts, styles, navigation and what the page hides from its readers are left out: a hidden instruction is no part of an
article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from knowledge.hidden import hidden_selectors, hides, is_structured, visible


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_VOID = _tags("area base br col embed hr img input link meta param source track wbr")
_BLOCKS = _tags(
    """address article aside blockquote body dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5
    h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr ul"""
)
_HEADING = re.compile(r"h([1-6])")
_SPACES = re.compile(r"[ \t\r\f\v\n]+")


@dataclass(frozen=True)
class Page:
    """`meta` holds the page's `<meta name=… content=…>` under lower-case names, and `canonical` when it is linked.
    `structured`: what stands in its JSON-LD scripts, but for those within what hides."""

    title: str
    meta: dict[str, str]
    markdown: str
    structured: tuple[str, ...] = ()


@dataclass
class _Reading:
    title: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)


class _Parser(HTMLParser):
    def __init__(self, hiding: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.reading = _Reading()
        self.meta: dict[str, str] = {}
        self.open: list[tuple[str, bool]] = []  # (tag, whether what is in it is unseen)
        self.prefix = ""
        self.hiding = hiding
        self.structured: list[str] = []
        self.data: list[str] | None = None  # of a JSON-LD script that is open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self._head(tag, named)
        if tag == "img" and named.get("alt") and not (self._unseen() or hides(tag, named, self.hiding)):
            self.reading.line.append(f" {named['alt']} ")
        if tag in _BLOCKS and any(name == "p" for name, _ in self.open):
            self.handle_endtag("p")  # a paragraph that was left open ends here, as in browsers
        if tag in _BLOCKS or tag == "br":
            self._break("\n" if tag == "br" else "\n\n")
        if found := _HEADING.fullmatch(tag):
            self.prefix = "#" * int(found[1]) + " "
        elif tag == "li":
            self.prefix = "- "
        if is_structured(tag, named) and not any(unseen for name, unseen in self.open if name != "head"):
            self.data = []
        if tag not in _VOID:
            self.open.append((tag, self._unseen() or hides(tag, named, self.hiding)))

    def _head(self, tag: str, named: dict[str, str]) -> None:
        if tag == "meta" and (name := named.get("name") or named.get("property")):
            self.meta.setdefault(name.lower(), visible(named.get("content", "")).strip())
        if tag == "link" and named.get("rel", "").lower() == "canonical":
            self.meta.setdefault("canonical", visible(named.get("href", "")).strip())

    def handle_endtag(self, tag: str) -> None:
        places = [place for place, (name, _) in enumerate(self.open) if name == tag]
        if places:
            del self.open[places[-1] :]
        if tag == "script" and self.data is not None:
            self.structured.append("".join(self.data))
            self.data = None
        if tag in _BLOCKS:
            self._break("\n\n")

    def handle_data(self, data: str) -> None:
        if self.data is not None:
            self.data.append(data)
        elif [name for name, _ in self.open][-2:] in (["head", "title"], ["title"]):
            self.reading.title.append(data)
        elif not self._unseen():
            within = any(name == "pre" for name, _ in self.open)
            self.reading.line.append(data if within else _SPACES.sub(" ", data))

    def _unseen(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    def _break(self, gap: str) -> None:
        text = "".join(self.reading.line).strip()
        self.reading.line.clear()
        if text:
            self.reading.blocks.append(f"{self.prefix}{text}{gap}")
            self.prefix = ""

    def close(self) -> None:
        super().close()
        self._break("\n\n")


def read_page(html: str) -> Page:
    """Any text is read, as browsers do; a page without a `<title>` is named by its first heading, or "".

    What a page's own styles hide by one class or id is left out; styles in other files are not known."""
    html = visible(html)
    parser = _Parser(hidden_selectors(_styles(html)))
    parser.feed(html)
    parser.close()
    markdown = visible("".join(parser.reading.blocks)).strip()
    first = re.search(r"^#{1,6} (.+)$", markdown, re.MULTILINE)
    title = " ".join(visible("".join(parser.reading.title)).split()) or (first[1].strip() if first else "")
    return Page(title=title, meta=parser.meta, markdown=markdown, structured=tuple(parser.structured))


def _styles(html: str) -> str:
    """What stands in the page's `<style>` elements."""
    found: list[str] = []
    lowered, place = html.lower(), 0
    while (begin := lowered.find("<style", place)) >= 0:
        end = lowered.find("</style", begin)
        place = len(html) if end < 0 else end
        found.append(html[begin:place].partition(">")[2])
    return "}".join(found)
