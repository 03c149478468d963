"""Text as sentences, made comparable: what the checks of a reply look at, one at a time."""

from __future__ import annotations

import re
import unicodedata

# Dots that end no sentence: abbreviations, initials, decimals and versions are kept whole.
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|approx|no|nr|mr|mrs|ms|dr|inc|ltd|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.$", re.I
)
_BREAK = re.compile(r"(?<=[.!?…。！？])[\"')\]]*\s+|(?<=;)\s+|(?<=:)\s+(?=[\"“A-Z])")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "‛": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "−": "-", "\u00a0": " "})
_MARKS = re.compile(r"[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}")


def plain(text: str) -> str:
    """One spelling for what looks the same: NFKC, straight quotes, no invisible characters, no emphasis marks."""
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_QUOTES)
    return _MARKS.sub("", folded)


def sentences(text: str) -> list[str]:
    """The sentences and list items of a text, as written and in order; empty ones are left out."""
    return [found for line in text.splitlines() for found in _of_line(_BULLET.sub("", line))]


def _of_line(line: str) -> list[str]:
    found: list[str] = []
    for piece in _BREAK.split(line):
        if not piece.strip():
            continue
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {piece.strip()}"
        else:
            found.append(piece.strip())
    return found


# The commonest words of English that carry no content. Natural English rarely has a long sentence without them.
_FUNCTION = frozenset(
    re.findall(
        r"[a-z']+",
        "a about after again all also am an and any are as at be because been before but by can could did do does for "
        "from had has have he her here hers him his how i if in into is it its just me more most my no not now of off "
        "on one only or other our out over please she should so some than thank thanks that the their them then there "
        "these they this those to too under until up us was we were what when where which while who why will with "
        "would yes yet you your it's i'm i've i'll you're you've you'll we're we've we'll that's there's here's don't "
        "doesn't didn't isn't aren't can't won't "
        # and words of billing that no other language spells so
        "charge charged charges once billed payment payments invoices need needs every each nothing both "
        "without takes today open opens found choose press click see pay paid pays month months year years "
        "days second first line lines amount amounts access card cards bill bills ends starts shows working "
        "works welcome hello sorry three two everything anything something another unless shall made given gave "
        "changed declined used follows look looks paid record records",
    )
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


# Of those, spelled like words of Spanish, French, German, Italian or Dutch: they prove nothing.
_ELSEWHERE = frozenset(re.findall(r"\w+", "a am an as at do for he her i in is it me no on or so some was we will"))
_MENU = re.compile(r"[\w ]+(?:\s*(?:→|>|»)\s*[\w ]+)+")


def checkable(text: str) -> bool:
    """Whether the checks, which know English, can judge this text. Scraps of up to three words and menu paths pass."""
    flat = _MENU.sub(" ", plain(text))
    words = [word.lower() for word in _WORD.findall(flat)]
    if any(_mixed(word) for word in words):
        return False
    foreign = [word for word in words if not word.isascii()]
    if len(foreign) * 3 > len(words):
        return False
    if len(words) < 4:
        return True
    common = [word for word in words if word in _FUNCTION]
    return len(common) * 12 >= len(words) and any(word not in _ELSEWHERE for word in common)


def _mixed(word: str) -> bool:
    """Latin letters mixed with look-alikes of another script."""
    scripts = {unicodedata.name(letter, "?").split(" ", 1)[0] for letter in word if letter.isalpha()}
    return len(scripts) > 1 and "LATIN" in scripts
