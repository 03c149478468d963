"""What the real embedder keeps, and what it reads anew."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from knowledge import embedder
from knowledge.embedder import FEW_TEXTS, SentenceTransformerEmbedder, Vectors


class Recorded(SentenceTransformerEmbedder):
    """The real model, and a record of what it read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[tuple[list[str], int | None]] = []

    def _read(self, model: Any, texts: Sequence[str], threads: int | None = None) -> Vectors:
        self.read.append((list(texts), threads))
        return super()._read(model, texts, threads)


@pytest.fixture(scope="module")
def loaded() -> Recorded:
    return Recorded()


@pytest.fixture
def real(loaded: Recorded) -> Recorded:
    loaded.read.clear()
    return loaded


def test_a_text_is_read_once_by_one_thread(real: Recorded) -> None:
    first = real.encode(["Where is my refund?", "Thank you", "Where is my refund?"])
    assert real.read == [(["Where is my refund?", "Thank you"], 1)]
    again = real.encode(["Thank you", "Where is my refund?", "And my invoice?"])
    assert real.read[1:] == [(["And my invoice?"], 1)]
    np.testing.assert_array_equal(first[[1, 0]], again[:2])
    np.testing.assert_array_equal(first[0], first[2])
    first[:] = 0  # the caller's own
    assert np.linalg.norm(real.encode(["Thank you"])) == pytest.approx(1)


def test_an_index_is_read_by_all_cores_and_not_kept(real: Recorded) -> None:
    many = [f"passage {n}" for n in range(FEW_TEXTS + 1)]
    vectors = real.encode(many)
    assert real.read == [(many, None)]
    np.testing.assert_allclose(real.encode(many[:1])[0], vectors[0], atol=1e-5)
    assert real.read[1:] == [(many[:1], 1)]


def test_the_oldest_go_and_no_text_stays(real: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedder, "KEPT_VECTORS", 3)
    real.encode(["one", "two", "three"])
    real.encode(["one"])  # used again: `two` is the oldest now
    real.encode(["four"])
    real.read.clear()
    real.encode(["one", "three", "four"])
    assert real.read == []
    real.encode(["two"])
    assert real.read == [(["two"], 1)]
    real.encode(["my words of 1984"])
    assert b"1984" not in pickle.dumps(vars(real)["_kept"])
