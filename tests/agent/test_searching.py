"""Every search of a turn is in the log of searches once the turn has ended, with what the customer was quoted."""

from __future__ import annotations

from agent.searching import searched
from knowledge.answerability import QUOTED_FROM
from tests.agent.conftest import Opener


async def test_a_quoted_passage_and_an_unanswered_question_are_logged(office: Opener) -> None:
    async with office() as o:
        quoted = await o.says("cus_hugo", "Where can I download my invoices?")
        lost = await o.says("cus_hugo", "How do I connect your product to our Kubernetes cluster with Terraform?")
        with o.store.look() as uow:
            (answered,) = uow.searches.of(quoted.case)
            rows = uow.searches.of(lost.case)
    assert quoted.citations
    assert [p.passage for p in answered.found if p.quoted] == [citation["passage"] for citation in quoted.citations]
    assert answered.question == "Where can I download my invoices?"
    assert (answered.answers or 0) >= QUOTED_FROM * 1000
    assert lost.citations == ()
    assert rows
    assert not any(row.quoted for row in rows)
    assert all(row.answers is not None and row.answers < QUOTED_FROM * 1000 for row in rows)


async def test_a_call_whose_arguments_cannot_be_read_any_more_is_left_out(office: Opener) -> None:
    async with office() as o:
        journal = o.journal("cus_hugo", "hello")
        call = {"id": "1", "name": "search_knowledge", "arguments": '{"query": "[password removed]'}
        journal.add("model", {"calls": [call]})
        journal.add(
            "tool", {"call": "1", "name": "search_knowledge", "result": {"ok": True, "result": {"passages": []}}}
        )
        assert searched(journal, ()) == ()
    assert searched(None, ()) == ()
