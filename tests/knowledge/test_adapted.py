"""An adapted encoder: its own vectors over shared weights, loaded late, and clear where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.adapted import Adapter, LowRank, adapted, read_adapter
from knowledge.embedder import SentenceTransformerEmbedder
from knowledge.errors import EmbeddingModelUnavailable

PATH = "encoder.layer.5.output.dense"
TEXTS = ["I have refunded you.", "I cannot refund you."]


def change(size: float) -> LowRank:
    chance = np.random.default_rng(0)
    return LowRank(
        (size * chance.standard_normal((384, 2))).astype(np.float32),
        chance.standard_normal((2, 1536)).astype(np.float32),
    )


def test_the_base_keeps_its_vectors_and_the_rest_is_shared(real_embedder: SentenceTransformerEmbedder) -> None:
    before = real_embedder.encode(TEXTS)
    other = adapted(real_embedder, Adapter("test", {PATH: change(0.05)}))
    changed = other.encode(TEXTS)
    assert np.abs(changed - before).max() > 0.01
    np.testing.assert_allclose(np.linalg.norm(changed, axis=1), 1, atol=1e-5)
    fresh = SentenceTransformerEmbedder().encode(TEXTS)
    np.testing.assert_allclose(before, fresh, atol=1e-5)
    assert other.name != real_embedder.name


def test_no_change_is_the_base(real_embedder: SentenceTransformerEmbedder) -> None:
    same = adapted(real_embedder, Adapter("test", {PATH: change(0.0)}))
    np.testing.assert_allclose(same.encode(TEXTS), real_embedder.encode(TEXTS), atol=1e-5)


def test_stored_and_read_again() -> None:
    adapter = Adapter("test", {PATH: change(0.05)})
    read = read_adapter("test", adapter.arrays())
    assert read.changes.keys() == {PATH}
    np.testing.assert_allclose(read.changes[PATH].up, adapter.changes[PATH].up, atol=1e-3)


@pytest.mark.parametrize("path", ["encoder.layer.77.output.dense", "encoder.layer.5.attention.self.query"])
def test_layers_that_do_not_fit_are_named(real_embedder: SentenceTransformerEmbedder, path: str) -> None:
    with pytest.raises(EmbeddingModelUnavailable):
        adapted(real_embedder, Adapter("test", {path: change(0.05)})).encode(TEXTS)


def test_another_kind_of_embedder_cannot_be_adapted() -> None:
    class Other:
        name, dimensions = "other", 3

        def encode(self, texts):
            return np.zeros((len(texts), 3), dtype=np.float32)

    with pytest.raises(EmbeddingModelUnavailable, match="other"):
        adapted(Other(), Adapter("test", {}))
