"""Words as sparse vectors: BM25's term weights here, its IDF in Qdrant (`Modifier.IDF`).

The weight of a term in a passage is BM25's saturation tf·(k1+1) / (tf + k1·(1 - b + b·length/typical));
a query's terms weigh one each (Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009).
"""

import hashlib
import re
import threading
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

SCHEME = "words-2"  # part of the index's fingerprint: raise it when the weights or tokens change
K1 = 1.2
B = 0.75
TYPICAL_LENGTH = 90  # stems in an average passage; fixed, so that one new article changes no other's weights

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COMMON_WORDS = """
    a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my
    of on or our so than that the their them then there these they this to was we were what when where which who why
    will with would you your am being he she us about
"""
_STOP = frozenset(_COMMON_WORDS.split())
_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = threading.Lock()  # a Snowball stemmer keeps the word it is working on in itself


@dataclass(frozen=True)
class SparseVector:
    """Parallel tuples: `indices` are 32-bit hashes of stems in rising order, `values` their weights."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    with _stemmer_lock:
        return _stemmer.stemWord(word)


@lru_cache(maxsize=65_536)
def _slot(stem: str) -> int:
    return int.from_bytes(hashlib.blake2b(stem.encode(), digest_size=4).digest(), "big")


def stems(text: str) -> list[str]:
    """Lower-cased stems in order, common words left out; `camelCase` counts as its parts too."""
    found: list[str] = []
    for match in _WORD.finditer(text.encode("utf-8", "replace").decode()):
        word = match.group().replace("’", "'")
        parts = _CAMEL.split(word)
        for part in parts if len(parts) == 1 else [word, *parts]:
            lowered = part.lower().removesuffix("'s")
            if lowered not in _STOP and len(lowered) <= 40:
                found.append(_stem(lowered))
    return found


def passage_vector(text: str) -> SparseVector:
    counts = Counter(_slot(stem) for stem in stems(text))
    length = sum(counts.values())
    damping = K1 * (1 - B + B * length / TYPICAL_LENGTH)
    weights = sorted((slot, count * (K1 + 1) / (count + damping)) for slot, count in counts.items())
    return SparseVector(tuple(slot for slot, _ in weights), tuple(weight for _, weight in weights))


def query_vector(text: str) -> SparseVector:
    slots = sorted({_slot(stem) for stem in stems(text)})
    return SparseVector(tuple(slots), (1.0,) * len(slots))
