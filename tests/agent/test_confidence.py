"""What a confidence rests on: a topic, or the passages that a reply cites; every doubt takes its share."""

from __future__ import annotations

import pytest

from agent.autonomy import Caution
from agent.brief import TopicView
from agent.confidence import Signals, assess
from agent.endings import Worked, how_likely
from knowledge.answerability import QUOTED_FROM
from tests.agent.conftest import Opener


@pytest.mark.parametrize(
    ("signals", "value", "reasons"),
    [
        (Signals(0.9, True), 0.9, 0),
        (Signals(0.4, True), 0.4, 1),
        (Signals(0.9, False), 0.3, 1),
        (Signals(0.1, True, answers=0.8), 0.8, 1),  # an answer is one, whatever the topic is called
        (Signals(0.9, True, answers=0.1), 0.1, 1),  # and a topic makes none
        (Signals(0.9, False, answers=0.8), 0.24, 1),
        (Signals(0.0, False, topic_matters=False, answers=0.8), 0.8, 0),
        (Signals(0.0, False, topic_matters=False), 1.0, 0),
        (Signals(0.9, True, answers=0.8, reads_made=2, reads_failed=1), 0.64, 1),
        (Signals(0.9, True, reads_made=1, reads_failed=1, replies_refused=1), 0.27, 2),
    ],
)
def test_value_and_reasons(signals: Signals, value: float, reasons: int) -> None:
    told = assess(signals)
    assert (told.value, len(told.reasons)) == (value, reasons)


def test_what_may_be_quoted_goes_out_unless_the_topic_is_unknown() -> None:
    least = Caution().answer_below
    assert assess(Signals(0.01, True, answers=QUOTED_FROM)).value >= least
    assert assess(Signals(0.9, False, answers=QUOTED_FROM)).value < least


async def test_a_turn_is_as_sure_as_the_search_that_gave_what_it_cites(office: Opener) -> None:
    async with office() as o:
        journal = o.journal("cus_hugo", "hello")
        for number, (name, answers) in enumerate({"cards#1": 0.9, "plans#2": 0.6, "plans#1": 0.7}.items()):
            passages = [{"article": name[:5], "passage": each, "similarity": 0.5} for each in (name, "links#1")]
            call = {"id": str(number), "name": "search_knowledge", "arguments": '{"query": "which plans"}'}
            journal.add("model", {"calls": [call]})
            told = {"ok": True, "result": {"passages": passages, "answers": answers}}
            journal.add("tool", {"call": str(number), "name": "search_knowledge", "result": told})
        topic = TopicView("how_to", 0.9, True)

        def sure(*passages: str) -> float | None:
            return how_likely(Worked(topic, journal, citations=tuple({"passage": each} for each in passages)))

        assert [sure("cards#1"), sure("plans#2"), sure("plans#2", "plans#1"), sure()] == [0.9, 0.6, 0.7, None]
