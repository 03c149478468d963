"""The tool `search_knowledge`: passages of our help articles, with ids to cite."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field, StringConstraints

from knowledge.answerability import QUOTED_FROM, confidence
from tools.answers import Answer
from tools.desk import Desk, Passage
from tools.registry import Arguments


class SearchKnowledge(Arguments):
    """Search the company's help articles. Cite the passages you use by their ids; what they do not say is not known."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="The question in a few plain words, in English."
    )


class PassageAnswer(Answer):
    """`similarity` to the question: 1 is the same, below 0.4 it is about something else."""

    passage: str
    article: str
    title: str
    heading: str
    text: str
    similarity: float


class PassagesAnswer(Answer):
    """`answers` is how likely it is, 0 to 1, that the first passage answers the question."""

    passages: list[PassageAnswer]
    answers: float
    note: str | None


async def search_knowledge(arguments: SearchKnowledge, desk: Desk) -> PassagesAnswer:
    """Raises `knowledge.errors.KnowledgeError`."""
    hits = await asyncio.to_thread(desk.knowledge.search, arguments.query)
    answers = round(confidence(hits), 3)
    return PassagesAnswer(
        passages=[_passage(hit) for hit in hits],
        answers=answers,
        note=None if answers >= QUOTED_FROM else "no article is likely to answer it; say so and offer a colleague",
    )


def _passage(hit: Passage) -> PassageAnswer:
    return PassageAnswer(
        passage=hit.passage,
        article=hit.article,
        title=hit.title,
        heading=hit.heading,
        text=hit.text,
        similarity=round(hit.dense_score, 3),
    )
