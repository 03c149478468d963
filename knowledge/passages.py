"""Passages: what is indexed, found and cited.

A passage is about 160 words of running text. Short sections share one, each under its heading: on the public help
centres that found more than a passage a section, and more than repeating the path of headings in every passage.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

SCHEME = "passages-1"  # part of the index's fingerprint: raise it when the cutting changes
TARGET_WORDS = 160  # with its title it still fits the 256 word pieces the bundled model reads
SMALLEST_WORDS = 25  # a shorter rest joins its neighbour: it would match everything and answer nothing

_FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
_MARKUP = re.compile(r"<!--.*?-->|!\[[^\]]*\]\([^)]*\)|</?[A-Za-z][^<>]*>", re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")
_BLANK_LINES = re.compile(r"\n\s*\n")
_parser = MarkdownIt("commonmark")


@dataclass(frozen=True)
class Passage:
    """A piece of an article. `id` is `article#ordinal`; `heading` is the path of headings that it
    begins under, "" at the top."""

    id: str
    article: str
    title: str
    heading: str
    text: str

    @property
    def in_context(self) -> str:
        """The text that is indexed: a passage alone does not say what it is about."""
        return f"{self.title}\n{self.text}"


def split(article: str, title: str, markdown: str) -> list[Passage]:
    """Cut one article's Markdown into passages, in order; an article without text yields its title as one passage."""
    pieces = _packed(_parts_under_headings(_FRONT_MATTER.sub("", markdown, count=1), title)) or [("", title)]
    return [
        Passage(id=f"{article}#{number}", article=article, title=title, heading=heading, text=text)
        for number, (heading, text) in enumerate(pieces, start=1)
    ]


def _parts_under_headings(markdown: str, title: str) -> Iterator[tuple[str, str]]:
    """Yield (path of headings, paragraph); the first paragraph of a section carries its heading as its first line."""
    for path, body in _sections(markdown, title):
        own_heading = path.rpartition(" › ")[2]
        parts = list(_parts(_plain(body)))
        if own_heading:
            parts[:1] = [f"{own_heading}\n{parts[0]}" if parts else own_heading]
        yield from ((path, part) for part in parts)


def _packed(parts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pack parts into passages of about `TARGET_WORDS` words, named by the heading that each begins under."""
    packed: list[tuple[str, str]] = []
    words = 0
    for path, part in parts:
        size = len(part.split())
        if packed and words + size <= TARGET_WORDS:
            packed[-1] = (packed[-1][0], f"{packed[-1][1]}\n\n{part}")
            words += size
        else:
            packed.append((path, part))
            words = size
    if len(packed) > 1 and words < SMALLEST_WORDS:
        _, rest = packed.pop()
        packed[-1] = (packed[-1][0], f"{packed[-1][1]}\n\n{rest}")
    return packed


def _sections(markdown: str, title: str) -> Iterator[tuple[str, str]]:
    """Yield (path of headings, body). The parser, not a pattern, says what is a heading: code may hold a `#`."""
    lines = markdown.splitlines()
    tokens = _parser.parse(markdown)
    path: list[tuple[int, str]] = []
    start = 0
    for position, token in enumerate(tokens):
        if token.type != "heading_open" or token.map is None or token.level:
            continue
        yield _named(path, title), "\n".join(lines[start : token.map[0]])
        level = int(token.tag[1:])
        path = [(above, text) for above, text in path if above < level]
        path.append((level, _plain(tokens[position + 1].content)))
        start = token.map[1]
    yield _named(path, title), "\n".join(lines[start:])


def _named(path: list[tuple[int, str]], title: str) -> str:
    return " › ".join(text for _, text in path if text and text != title)


def _plain(markdown: str) -> str:
    """Markdown without images, tags and link targets; the words a reader sees stay."""
    return _LINK.sub(r"\1", _MARKUP.sub(" ", markdown)).strip()


def _parts(body: str) -> Iterator[str]:
    for paragraph in _BLANK_LINES.split(body):
        text = paragraph.strip()
        if not text:
            continue
        if len(text.split()) <= TARGET_WORDS:
            yield text
            continue
        for sentence in _SENTENCE_END.split(text):
            words = sentence.split()
            if len(words) <= TARGET_WORDS:
                yield sentence
            else:
                yield from (" ".join(words[at : at + TARGET_WORDS]) for at in range(0, len(words), TARGET_WORDS))
