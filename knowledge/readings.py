"""A text undressed: as a model may read it however it is written, so that an order is found in its disguise.

Letters that look like others, characters that show nothing, entities, percent signs, base64, hexadecimal, ROT13,
backwards. For looking only: nothing is ever shown or indexed in this form.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator
from typing import Final

from knowledge.hidden import visible

# Letters of Cyrillic and Greek that look like Latin ones, in small letters.
_ALIKE: Final = str.maketrans("аеорсухіјѕһԁԛԝӏвкмнтгпαεορυικνχτβ", "aeopcyxijshdqwlbkmhtrnaeopuikvxtb")
_PERCENT: Final = re.compile(r"(?:%[0-9a-f]{2}[^\s%]{0,40}){3}", re.I)
_CODED: Final = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX: Final = re.compile(r"(?:[0-9a-f]{2}[ :]?){16,}", re.I)
_SPACED: Final = re.compile(r"(?:\b\w[ .·_-]){5,}\w\b")
_TAGS: Final = range(0xE0020, 0xE007F)
MOST_DECODED: Final = 40  # encoded pieces looked into of one text


def folded(text: str) -> str:
    """One spelling for what looks the same: NFKC, entities read, Latin letters, nothing that shows nothing."""
    plain = unicodedata.normalize("NFKC", visible(html.unescape(text)))
    if plain.isascii():
        return plain
    bare = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return bare.translate(_ALIKE).translate({ord(chr(old).upper()): chr(new).upper() for old, new in _ALIKE.items()})


def disguised(text: str) -> Iterator[str]:
    """What else the text may say, to one who undresses it. Each is `folded`."""
    if tags := "".join(chr(ord(c) - 0xE0000) for c in text if ord(c) in _TAGS):
        yield tags
    plain = folded(text)
    if plain != text:
        yield plain
    if _PERCENT.search(plain):
        yield folded(urllib.parse.unquote(plain, errors="replace"))
    for found, _ in zip(_decoded(plain), range(MOST_DECODED), strict=False):
        yield folded(found)
    if spaced := _SPACED.findall(plain):
        yield " ".join(re.sub(r"[ .·_-]", "", each) for each in spaced)
    yield codecs.decode(plain, "rot13")
    yield plain[::-1]


def _decoded(text: str) -> Iterator[str]:
    for found in _HEX.finditer(text):
        yield from _words(bytes.fromhex(re.sub(r"[ :]", "", found.group())))
    for found in _CODED.finditer(text):
        body = found.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield from _words(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
        except (binascii.Error, ValueError):
            continue


def _words(raw: bytes) -> Iterator[str]:
    """The bytes as text, where they are one."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return
    if text and sum(c.isprintable() or c.isspace() for c in text) == len(text):
        yield text
