"""What of a message is worth reading: its own words, cut into sentences, however long it is."""

import re
import unicodedata

LONGEST_MESSAGE = 24_000  # characters kept of a message: its beginning and its end
_END_KEPT = 6_000
_QUOTE_BEGINS = re.compile(
    r"^(?:on .{4,120} wrote:|-{2,} ?(?:original|forwarded) message ?-{2,}|from: .+@.+)\s*$", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+(?=\S)|\n+|(?<=[؟。！？])")
# Where a second wish may begin: at a word that adds one, at a semicolon, and at a comma before "then" or "please".
_CLAUSE = re.compile(
    r"\s*[;,]?\s+(?:(?:and|but)\s+(?:also|then|please)|and|also|plus|as well as)\s+(?:please\s+|also\s+|then\s+)?"
    r"|\s*;\s*(?:(?:and|also|then|plus|please)\s+)*|\s*,\s*(?:then|please)\s+",
    re.IGNORECASE,
)
SHORTEST = 2  # words of a clause that may be a wish of its own


def own_words(text: str) -> str:
    """The message without control characters, without what it quotes, and without the middle of an endless one.

    A message that consists of a quotation only is kept: somebody forwarded it for a reason.
    """
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[: LONGEST_MESSAGE - _END_KEPT]}\n{text[-_END_KEPT:]}"
    shown = "".join(
        character if character == "\n" or unicodedata.category(character)[0] != "C" else " " for character in text
    )
    kept: list[str] = []
    lines = shown.splitlines()
    for at, line in enumerate(lines):
        stripped = line.strip()
        if _QUOTE_BEGINS.match(stripped) and any(kept):
            # Marked lines say where the quotation ends, and the answer may stand below it; else it goes to the end.
            if any(following.lstrip().startswith(">") for following in lines[at + 1 : at + 3]):
                continue
            break
        if not stripped.startswith(">"):
            kept.append(stripped)
    own = "\n".join(kept).strip()
    return own or shown.strip()


def has_words(text: str) -> bool:
    """Whether there is something to read: at least two letters, and not mostly debris of a binary file."""
    letters = sum(character.isalpha() for character in text)
    debris = sum(character == "\ufffd" or unicodedata.category(character)[0] == "C" for character in text)
    return letters >= 2 and debris * 5 < letters + 1


def sentences(text: str) -> list[str]:
    """Sentences and lines with at least one word, in order."""
    return [part.strip() for part in _SENTENCE.split(text) if part and has_words(part)]


def clauses(text: str) -> list[str]:
    """Finer than sentences: cut where a second wish may begin, if both sides are long enough to be one."""
    found: list[str] = []
    for sentence in sentences(text):
        parts = [part.strip(" ,.") for part in _CLAUSE.split(sentence)]
        whole = len(parts) == 1 or any(len(part.split()) < SHORTEST for part in parts)
        found.extend([sentence] if whole else parts)
    return found
