"""What became of a case after an answer was quoted, and how sure a small number can be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from knowledge.outcomes import Outcome, Outcomes, Usefulness, searching, usefulness, wilson_lower
from store.searches import CaseHistory, SearchRow
from tests.knowledge.searched import history, later, search


def outcomes(cases: dict[str, CaseHistory], *searches: SearchRow) -> Outcomes:
    return Outcomes(cases, searching(searches), timedelta(days=7))


SOLVED = history("a", outcome="resolved", reason=None)
THANKS = history("a", outcome="resolved", reason=None, later=(later("a", 2, "resolved"),))


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([SOLVED], Outcome.SOLVED),
        ([THANKS], Outcome.SOLVED),
        (
            [history("a", outcome="resolved", reason=None, later=(later("a", 2, "awaiting_customer"),))],
            Outcome.CAME_BACK,
        ),
        ([history("a")], Outcome.HUMAN),
        ([history("a", outcome="awaiting_customer", reason=None)], Outcome.OPEN),
        ([SOLVED, history("b", hours=48, customer="cus_a")], Outcome.CAME_BACK),
        ([SOLVED, history("b", hours=24 * 8, customer="cus_a")], Outcome.SOLVED),
        ([SOLVED, history("b", hours=48, customer="cus_other")], Outcome.SOLVED),
        ([SOLVED, history("b", hours=48, customer="cus_a", topic="tax_or_vat")], Outcome.SOLVED),
        ([], Outcome.OPEN),
    ],
)
def test_what_became_of_it(cases: list[CaseHistory], expected: Outcome) -> None:
    row = search("a", "how?", quoted=True)
    assert outcomes({case.id: case for case in cases}, row).of(row) is expected


def test_a_later_search_in_the_case_is_a_return() -> None:
    row = search("a", "how?", quoted=True)
    again = SearchRow("srch_2", "a", "turn_a_2", "lee:offline", "it does not work", (), row.created_at)
    assert outcomes({"a": THANKS}, row, again).of(row) is Outcome.CAME_BACK


def test_an_article_is_as_useful_as_the_cases_in_which_it_was_quoted() -> None:
    rows = [search(case, "how?", quoted=True) for case in "abc"] + [
        search("a", "again", 2, quoted=True),
        search("d", "?"),
    ]
    cases = {"a": SOLVED, "b": history("b", outcome="resolved", reason=None), "c": history("c"), "d": history("d")}
    told = usefulness(rows, outcomes(cases, *rows[:3]))
    assert told == {"cards": Usefulness(quoted=3, solved=2, human=1)}
    assert told["cards"].wilson == pytest.approx(
        0.2077, abs=1e-4
    )  # statsmodels' proportion_confint(2, 3, method="wilson")


def test_small_numbers_stay_modest() -> None:
    assert wilson_lower(0, 0) == wilson_lower(0, 5) == 0
    assert wilson_lower(1, 1) == pytest.approx(0.2065, abs=1e-4)
    assert wilson_lower(1, 1) < wilson_lower(10, 10) < wilson_lower(100, 100) < 1
