"""The examples and the head that was trained on them belong together."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from agent.topics.examples import ExamplesInvalid, fingerprint, read_examples
from agent.topics.head import HEAD, HeadUnusable, load_head
from agent.topics.names import Topic
from knowledge.embedder import load_embedder

EXAMPLES = read_examples()


def test_every_topic_has_enough_examples_and_scenarios() -> None:
    texts = Counter(example.topic for example in EXAMPLES)
    scenarios = {topic: {one.scenario for one in EXAMPLES if one.topic is topic} for topic in Topic}
    assert {topic: texts[topic] for topic in Topic if texts[topic] < 60} == {}
    assert {topic: len(scenarios[topic]) for topic in Topic if len(scenarios[topic]) < 12} == {}
    assert texts[Topic.UNKNOWN] >= 600


def test_the_head_was_trained_on_these_examples() -> None:
    assert load_head().fingerprint == fingerprint(EXAMPLES), "run python -m scripts.train_topics"


def test_the_head_holds_the_vectors_of_these_examples() -> None:
    head = load_head()
    some = range(0, len(EXAMPLES), 37)
    vectors = load_embedder().encode([EXAMPLES[at].text for at in some])
    cosines = (vectors * head.examples[list(some)].astype(np.float32)).sum(axis=1)
    assert cosines.min() > 0.999
    topics = list(Topic)
    assert [topics[row] for row in head.example_topics] == [example.topic for example in EXAMPLES]


def test_no_two_examples_say_the_same() -> None:
    vectors = load_head().examples.astype(np.float32) / 127
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    close = [(EXAMPLES[a].text, EXAMPLES[b].text) for a, b in zip(*np.where(cosines > 0.95), strict=True) if a < b]
    assert close == []


def test_the_head_is_small() -> None:
    assert HEAD.stat().st_size < 3_000_000


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[refunds]\na = ['x']", "no topic"),
        ("[refund_request]\na = []", "no texts"),
        ("[refund_request]\na = [1]", "no text"),
        ("[refund_request]\na = ['same']\nb = ['Same']", "repeats"),
        ("refund_request = 3", "no scenarios"),
        ("[refund_request", "x.toml"),
    ],
)
def test_bad_examples_are_refused(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "x.toml").write_text(content)
    with pytest.raises(ExamplesInvalid, match=why):
        read_examples(tmp_path)


def test_a_damaged_or_missing_head_says_how_to_make_one(tmp_path: Path) -> None:
    for content in (None, b"", b"garbage", HEAD.read_bytes()[:2_000]):
        path = tmp_path / "head.npz"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(HeadUnusable, match=r"scripts\.train_topics"):
            load_head(path)
