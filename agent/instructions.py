"""The house's instructions to the model hold no secret; telling them is none of a customer's business all the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from agent.prompting import SYSTEM_PROMPT, source
from agent.sentences import plain

WORDS: Final = 8  # so many in a row are no chance


def repeats_instructions(text: str) -> bool:
    return not _runs(text).isdisjoint(_own())


@lru_cache(maxsize=1)
def _own() -> frozenset[tuple[str, ...]]:
    lines = re.sub(r"\{\{.*?\}\}", "\n", source(SYSTEM_PROMPT)).splitlines()
    return frozenset(run for line in lines for run in _runs(line))


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", plain(text).lower())
    return {tuple(words[n : n + WORDS]) for n in range(len(words) - WORDS + 1)}
