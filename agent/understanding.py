"""What the message is about, before any model and for every model alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from agent.autonomy import Caution
from agent.brief import TopicView

# Topics that carry no wish of their own: inside a case they continue what it is about.
_EMPTY = frozenset({"unknown", "greeting_or_thanks"})
# Topics whose answers change nothing unasked: a short message of no topic of its own ("and by the year?") goes on with
# one of these, also where Lee has not asked anything.
_GOES_ON = frozenset(
    {
        "price_question",
        "plan_change",
        "usage_question",
        "proration_question",
        "subscription_status",
        "payment_timing",
        "payment_status",
        "refund_status",
        "trial_question",
        "invoice_copy",
        "discount_or_coupon",
        "tax_or_vat",
        "how_to",
    }
)
# What a human has to look at: no clause beside it makes another matter of the message.
_FOR_HUMANS = frozenset({"dispute_or_chargeback", "unauthorized_charge", "legal_or_complaint", "data_deletion"})
ELLIPTIC = 6  # words
VAGUE = 0.5
CLEARER = 0.3
PLAIN = 0.8  # from here on a clause that only a human can serve speaks for the whole message


class TopicGuess(Protocol):
    """`agent.topics.classifier.TopicGuess`."""

    @property
    def topic(self) -> Any: ...
    @property
    def confidence(self) -> float: ...
    @property
    def second_choice(self) -> Any: ...
    @property
    def second_confidence(self) -> float: ...
    @property
    def known(self) -> float: ...


class Topics(Protocol):
    """`agent.topics.classifier.TopicClassifier`."""

    def classify(self, texts: Sequence[str]) -> Sequence[TopicGuess]: ...
    def wishes(self, text: str) -> Sequence[TopicGuess]: ...


class Reader(Topics, Protocol):
    """Topics that can be read ahead of their time."""

    def ahead(self, text: str) -> None: ...


def understand(topics: Topics, text: str, case_topic: str | None, awaited: bool, caution: Caution) -> TopicView:
    """The message's topic. In a case that waits for the customer's answer, an unclear or wishless message ("the second
    one", "yes please") keeps the case's topic; so does an elliptic one after an answer."""
    guess = topics.classify([text])[0]
    wishes = list(topics.wishes(text))
    # Polite preludes blur a whole message; a clause that is much clearer names what is wanted.
    clearest = max(wishes, key=lambda wish: wish.confidence, default=guess)
    own = next((wish for wish in wishes if wish.topic == guess.topic), guess)
    for_human = [wish for wish in wishes if str(wish.topic) in _FOR_HUMANS and wish.confidence >= PLAIN]
    if len(wishes) > 1 and for_human and str(guess.topic) not in _FOR_HUMANS:
        guess = for_human[0]  # the human who has to see it serves the rest as well
    elif len(wishes) > 1 and own.confidence > guess.confidence:
        guess = own  # several wishes blur each other: each is as clear as its own clause
    elif str(guess.topic) == "unknown" and str(clearest.topic) not in _EMPTY and clearest.confidence >= PLAIN:
        sure = round(float(clearest.confidence * guess.known), 3)  # only so far as the whole may be ours
        return TopicView(str(clearest.topic), sure, True, "unknown", round(float(guess.confidence), 3), also=())
    elif (
        str(clearest.topic) not in _EMPTY
        and str(guess.topic) not in _FOR_HUMANS
        and clearest.confidence >= guess.confidence + CLEARER
        and guess.confidence < VAGUE
    ):
        guess = clearest
    topic = str(guess.topic)
    view = TopicView(
        topic=topic,
        confidence=round(float(guess.confidence), 3),
        known=topic != "unknown",
        second_choice=str(guess.second_choice),
        second_confidence=round(float(guess.second_confidence), 3),
        also=tuple(str(wish.topic) for wish in wishes if str(wish.topic) not in {topic, *_EMPTY}),
    )
    elliptic = len(text.split()) <= ELLIPTIC
    # A few words after Lee's question are its answer ("not that, the other card") unless they are a wish beyond doubt.
    beyond = caution.answer_above if awaited and elliptic else caution.follow_up_below
    unclear = view.topic in _EMPTY or view.confidence < beyond
    # A guess that would only go to a human is no topic of its own either.
    faint = view.topic == "unknown" or view.confidence < caution.answer_below
    goes_on = case_topic in _GOES_ON and faint and elliptic
    if (awaited or goes_on) and case_topic is not None and case_topic not in _EMPTY and unclear:
        return TopicView(
            topic=case_topic,
            confidence=max(view.confidence, caution.follow_up_below)
            if view.topic == case_topic
            else caution.follow_up_below,
            known=True,
            second_choice=view.topic,
            second_confidence=view.confidence,
            source="case",
        )
    return view


def wants_human(view: TopicView, caution: Caution) -> bool:
    return view.topic == "human_request" and view.known and view.confidence >= caution.human_request_from
