"""What became of a case after a search: solved, with a human, or the customer came back.

Worked out anew from the facts each time it is asked for: a case that seemed solved may come back tomorrow.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from store.searches import CaseHistory, SearchRow, TurnFact

CONFIDENCE_Z = 1.96  # 95 %


class Outcome(StrEnum):
    """`open`: the customer was asked something and has not answered, or nobody knows yet."""

    SOLVED = "solved"
    HUMAN = "human"
    CAME_BACK = "came_back"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """`histories` of every case in the period; a customer who opens another case of the same topic within `again` of
    the answer, or goes on with the same case, came back."""

    histories: Mapping[str, CaseHistory]
    searching_turns: frozenset[str]
    again: timedelta

    def of(self, search: SearchRow) -> Outcome:
        case = self.histories.get(search.case_id)
        if case is None:
            return Outcome.OPEN
        if any(at >= search.created_at for at in case.escalated):
            return Outcome.HUMAN
        turn = turn_of(case, search)
        if turn is not None and turn.outcome == "resolved":
            return Outcome.CAME_BACK if self._went_on(case, turn) or self._asked_anew(case, turn) else Outcome.SOLVED
        return Outcome.SOLVED if case.status == "resolved" else Outcome.OPEN

    def _went_on(self, case: CaseHistory, turn: TurnFact) -> bool:
        """A later message of the case that was more than a thank-you: it needed a search, or was not answered."""
        later = [each for each in case.turns if each.n > turn.n]
        return any(each.outcome != "resolved" or each.id in self.searching_turns for each in later)

    def _asked_anew(self, case: CaseHistory, turn: TurnFact) -> bool:
        ended = turn.ended_at or case.opened_at
        return any(
            other.customer == case.customer
            and other.id != case.id
            and other.topic == case.topic
            and ended <= other.opened_at <= ended + self.again
            for other in self.histories.values()
        )


def turn_of(case: CaseHistory, search: SearchRow) -> TurnFact | None:
    return next((turn for turn in case.turns if turn.id == search.turn_id), None)


def searching(searches: Iterable[SearchRow]) -> frozenset[str]:
    return frozenset(row.turn_id for row in searches if row.turn_id is not None)


@dataclass(frozen=True, slots=True)
class Usefulness:
    """How often an article was quoted, in cases, and what became of them. `wilson` is the lower bound, at 95 %, of the
    share that was solved, of those whose end is known; 0 with none."""

    quoted: int = 0
    solved: int = 0
    human: int = 0
    came_back: int = 0

    @property
    def wilson(self) -> float:
        return wilson_lower(self.solved, self.solved + self.human + self.came_back)


def wilson_lower(successes: int, trials: int, z: float = CONFIDENCE_Z) -> float:
    """Lower end of Wilson's score interval for a share (E. B. Wilson, 1927): small numbers stay modest."""
    if trials == 0:
        return 0.0
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt((share * (1 - share) + z * z / (4 * trials)) / trials)
    return max(0.0, (middle - spread) / (1 + z * z / trials))


def usefulness(searches: Iterable[SearchRow], outcomes: Outcomes) -> dict[str, Usefulness]:
    """By article. A case counts once for an article, with what became of it after the first time it was quoted."""
    counted: dict[str, dict[str, Outcome]] = defaultdict(dict)
    for row in searches:
        for article in {passage.article for passage in row.found if passage.quoted}:
            if row.case_id not in counted[article]:
                counted[article][row.case_id] = outcomes.of(row)
    return {
        article: Usefulness(
            len(ends),
            *(
                sum(end is wanted for end in ends.values())
                for wanted in (Outcome.SOLVED, Outcome.HUMAN, Outcome.CAME_BACK)
            ),
        )
        for article, ends in counted.items()
    }
