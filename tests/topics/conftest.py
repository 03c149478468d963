import pytest

from agent.topics.classifier import TopicClassifier
from knowledge.embedder import load_embedder


@pytest.fixture(scope="session")
def classifier() -> TopicClassifier:
    return TopicClassifier(load_embedder())
