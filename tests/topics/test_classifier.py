"""Naming topics. The messages here are in nobody's examples."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.topics.classifier import NOTHING, TopicClassifier
from agent.topics.examples import read_examples
from agent.topics.head import Head, HeadUnusable, load_head
from agent.topics.names import Topic
from knowledge.embedder import BUNDLED_MODEL, Vectors, load_embedder
from tests.knowledge.conftest import CountingEmbedder

FRESH = [
    ("There are two identical debits for the same invoice on my card.", Topic.DUPLICATE_CHARGE),
    ("I would like my money for last week's renewal to be returned.", Topic.REFUND_REQUEST),
    ("The reimbursement you promised has not reached my bank.", Topic.REFUND_STATUS),
    ("My credit card was declined when I tried to subscribe.", Topic.PAYMENT_FAILED),
    ("I have a new credit card, where can I enter it?", Topic.UPDATE_PAYMENT_METHOD),
    ("Please cancel our subscription at the end of the month.", Topic.CANCEL_SUBSCRIPTION),
    ("Please upgrade us from Starter to Team.", Topic.PLAN_CHANGE),
    ("Why is there a line for unused time after I upgraded?", Topic.PRORATION_QUESTION),
    ("Could I have a PDF of the September invoice?", Topic.INVOICE_COPY),
    ("Our VAT id is missing, we should not be charged tax.", Topic.TAX_OR_VAT),
    ("I want to speak with a human being.", Topic.HUMAN_REQUEST),
    ("The link to pay the invoice has expired.", Topic.EXPIRED_PAYMENT_LINK),
    ("I opened a chargeback at my bank.", Topic.DISPUTE_OR_CHARGEBACK),
    ("Somebody used my stolen card number with you.", Topic.UNAUTHORIZED_CHARGE),
    ("Erase all the personal data that you store about me.", Topic.DATA_DELETION),
    ("I forgot my password and cannot sign in.", Topic.ACCOUNT_ACCESS),
    ("We upgraded and paid, but the features are still locked.", Topic.MISSING_ENTITLEMENT),
    ("How many API requests have we used this month?", Topic.USAGE_QUESTION),
    ("Thanks a lot, that helped!", Topic.GREETING_OR_THANKS),
    ("What will the weather be like in Graz?", Topic.UNKNOWN),
    ("Write me a haiku about the sea.", Topic.UNKNOWN),
    ("Which wine goes with trout?", Topic.UNKNOWN),
]


def test_fresh_messages_are_named(classifier: TopicClassifier) -> None:
    known_texts = {example.text for example in read_examples()}
    assert not known_texts & {text for text, _ in FRESH}
    guesses = classifier.classify([text for text, _ in FRESH])
    wrong = [(text, guess) for (text, topic), guess in zip(FRESH, guesses, strict=True) if guess.topic is not topic]
    assert wrong == []


def test_a_guess_is_consistent(classifier: TopicClassifier) -> None:
    for guess in classifier.classify([text for text, _ in FRESH]):
        assert 0 <= guess.second_confidence <= guess.confidence + 1e-6 <= 1 + 1e-5
        assert guess.topic is not guess.second_choice
        assert 0 <= guess.known <= 1


def test_alone_or_in_a_batch_makes_no_difference(classifier: TopicClassifier) -> None:
    texts = [text for text, _ in FRESH[:6]]
    for text, together in zip(texts, classifier.classify(texts), strict=True):
        (alone,) = classifier.classify([text])
        assert alone.topic is together.topic
        assert alone.confidence == pytest.approx(together.confidence, abs=1e-3)


@pytest.mark.parametrize(
    "text", ["", "  \n ", "🙂🎉", "\x00\x01\x02", "\ufffd\ufffd\ufffdab", "12345", "?!…", "\ud800"]
)
def test_texts_without_words_are_unknown(classifier: TopicClassifier, text: str) -> None:
    assert classifier.classify([text]) == [NOTHING]
    assert classifier.wishes(text) == []


def test_no_texts_no_guesses(classifier: TopicClassifier) -> None:
    assert classifier.classify([]) == []


@settings(deadline=None, max_examples=25)
@given(text=st.text(max_size=400) | st.binary(max_size=400).map(lambda raw: raw.decode("latin-1")))
def test_nothing_a_customer_writes_breaks_it(classifier: TopicClassifier, text: str) -> None:
    (guess,) = classifier.classify([text])
    assert guess.topic in Topic
    classifier.wishes(text)


def test_the_wish_is_found_at_the_end_of_a_long_story(classifier: TopicClassifier) -> None:
    story = " ".join(
        f"In week {week} our small team built another part of the shop and was rather pleased with it."
        for week in range(30)
    )
    (guess,) = classifier.classify([f"{story} Now to the point. I was charged twice for the same invoice."])
    assert Topic.DUPLICATE_CHARGE in (guess.topic, guess.second_choice)


class Noted:
    """The real embedder, and what it was asked for."""

    name = BUNDLED_MODEL
    dimensions = 384

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return load_embedder().encode(texts)


@pytest.mark.parametrize(
    "text",
    [
        "Please refund my last payment.",
        "Where is my invoice, and why was I charged twice? Thanks!",
        "Hello. " + "We moved offices and everything was late. " * 20 + "Please cancel my plan.",
        "",
        "???",
    ],
)
def test_what_was_read_ahead_is_all_that_is_read(text: str) -> None:
    embedder = Noted()
    classifier = TopicClassifier(embedder)
    classifier.ahead(text)
    ahead = set(embedder.asked)
    embedder.asked.clear()
    classifier.classify([text])
    classifier.wishes(text)
    assert set(embedder.asked) == ahead


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("Please refund my last payment.", 1),
        ("What will the weather be like in Graz?", 1),
        ("Where is my invoice, and why was I charged twice?", 2),
        ("Bake the bread for an hour, and then let it rest.", 2),
    ],
)
def test_nothing_is_judged_twice(text: str, readings: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[tuple[str, ...]] = []

    def read(head: Head, vectors: Vectors, texts: Sequence[str]) -> tuple[Vectors, Vectors]:
        judged.append(tuple(texts))
        return once(head, vectors, texts)

    once = Head.read
    monkeypatch.setattr(Head, "read", read)
    classifier = TopicClassifier(load_embedder())
    fresh = TopicClassifier(load_embedder())
    found = classifier.classify([text]), classifier.wishes(text)
    assert len(judged) == readings
    assert found == (fresh.classify([text]), TopicClassifier(load_embedder()).wishes(text))


def test_a_megabyte_is_read(classifier: TopicClassifier) -> None:
    (guess,) = classifier.classify(["Please cancel my subscription. " * 35_000])
    assert guess.topic is Topic.CANCEL_SUBSCRIPTION


def test_what_is_quoted_under_a_mail_does_not_speak(classifier: TopicClassifier) -> None:
    mail = (
        "Please send me the October invoice as a PDF.\n\nOn Mon, 2 Nov 2026 at 10:00, Billing wrote:\n"
        "> Your subscription will be cancelled unless the card is updated.\n> Update the card now."
    )
    (guess,) = classifier.classify([mail])
    assert guess.topic is Topic.INVOICE_COPY


def test_a_message_that_only_quotes_is_read_all_the_same(classifier: TopicClassifier) -> None:
    (guess,) = classifier.classify(["> Please cancel my subscription at the end of the month."])
    assert guess.topic is Topic.CANCEL_SUBSCRIPTION


def test_two_wishes_are_two(classifier: TopicClassifier) -> None:
    found = classifier.wishes(
        "Hello! I was charged twice for the same invoice, please refund one of them. "
        "Also, I have a new credit card, where can I enter it?"
    )
    topics = [guess.topic for guess in found]
    assert Topic.UPDATE_PAYMENT_METHOD in topics
    assert {Topic.DUPLICATE_CHARGE, Topic.REFUND_REQUEST} & set(topics)
    assert Topic.GREETING_OR_THANKS not in topics
    assert len(topics) == len(set(topics))


def test_thanks_alone_are_a_wish_of_their_own(classifier: TopicClassifier) -> None:
    assert [guess.topic for guess in classifier.wishes("Thank you so much, bye!")] == [Topic.GREETING_OR_THANKS]


def test_a_head_for_another_model_is_refused() -> None:
    with pytest.raises(HeadUnusable, match="bag-of-stems"):
        TopicClassifier(CountingEmbedder())


def test_confidence_is_no_mere_product(classifier: TopicClassifier) -> None:
    """Who is hardly ours and near to one topic alone is less sure than who is ours for certain and could mean two
    things, though both products are alike; and nothing is surer than its share of what is ours."""
    head = load_head()
    hardly, torn = head.trusted(0.6, 0.99), head.trusted(0.99, 0.6)
    assert hardly < 0.5 < torn <= 0.6
    assert 0 <= head.trusted(0.0, 0.0) <= head.trusted(1.0, 1.0) <= 1
    for reading in classifier.read([text for text, _ in FRESH]):
        assert reading.trust <= max(reading.guess.confidence / max(reading.guess.known, 1e-6), reading.guess.confidence)
