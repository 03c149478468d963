"""An encoder with low-rank changes to some of its matrices, trained for one task; everything else is shared.

Plain sentence vectors say what a text is about and little about who has done it, or whether it was done at all. A few
hundred kilobytes of changes to the last layers (LoRA, Hu et al. 2021) teach the encoder that difference.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.bert import Bert
from knowledge.embedder import AnyTransformer, Embedder, Model, SentenceTransformerEmbedder, sentence_transformer
from knowledge.errors import EmbeddingModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

UP, DOWN = "up/", "down/"


@dataclass(frozen=True, slots=True)
class LowRank:
    """Added to a matrix of `(out, in)`: `up` of `(out, rank)` times `down` of `(rank, in)`."""

    up: NDArray[np.float32]
    down: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapter:
    """`changes` by the path of a linear layer inside the transformer (`encoder.layer.3.output.dense`)."""

    task: str
    changes: Mapping[str, LowRank]

    def arrays(self) -> dict[str, NDArray[np.float16]]:
        """For `numpy.savez`; the inverse of `read_adapter`."""
        ups = {f"{UP}{path}": change.up.astype(np.float16) for path, change in self.changes.items()}
        return ups | {f"{DOWN}{path}": change.down.astype(np.float16) for path, change in self.changes.items()}


def read_adapter(task: str, stored: Mapping[str, NDArray[np.float16]]) -> Adapter:
    paths = [name.removeprefix(UP) for name in stored if name.startswith(UP)]
    return Adapter(
        task,
        {
            path: LowRank(
                np.asarray(stored[f"{UP}{path}"], dtype=np.float32),
                np.asarray(stored[f"{DOWN}{path}"], dtype=np.float32),
            )
            for path in paths
        },
    )


def adapted(base: Embedder, adapter: Adapter) -> AdaptedEmbedder:
    """Another embedder over the same weights. Nothing is loaded before it encodes for the first time, which raises
    `EmbeddingModelUnavailable` when the model has no such layers."""
    if not isinstance(base, SentenceTransformerEmbedder):
        raise EmbeddingModelUnavailable(base.name, "only sentence-transformers models can be adapted")
    return AdaptedEmbedder(base, adapter)


class AdaptedEmbedder(SentenceTransformerEmbedder):
    """Safe to share between threads."""

    def __init__(self, base: SentenceTransformerEmbedder, adapter: Adapter) -> None:
        super().__init__(base.name)
        self._base = base
        self._adapter = adapter

    @property
    def name(self) -> str:
        return f"{self._base.name} for {self._adapter.task}"

    def foundation(self) -> SentenceTransformer:
        """The model that is adapted, for whoever trains an adapter: loaded anew, and the trainer's own."""
        return sentence_transformer(self._base.name)

    def _model(self) -> Model:
        if self._loaded is None:
            with self._base._lock:
                base = self._base._model()
            added = {path: change.up @ change.down for path, change in self._adapter.changes.items()}
            self._loaded = self._changed(base, added)
        return self._loaded

    def _changed(self, base: Model, added: Mapping[str, NDArray[np.float32]]) -> Model:
        try:
            if isinstance(base, Bert):
                return base.changed(added)
            if isinstance(base, AnyTransformer):
                return AnyTransformer(_changed(base.model, added))
        except (AttributeError, LookupError, RuntimeError, ValueError) as error:
            raise EmbeddingModelUnavailable(self.name, str(error).partition("\n")[0]) from error
        raise EmbeddingModelUnavailable(self.name, f"a {type(base).__name__} cannot be adapted")


def _changed(base: SentenceTransformer, added: Mapping[str, NDArray[np.float32]]) -> SentenceTransformer:
    import torch

    # Parameters are shared with the base, so only the changed matrices take memory.
    model = copy.deepcopy(base, {id(weights): weights for weights in base.parameters()})
    transformer: Any = model[0].auto_model
    for path, more in added.items():
        linear = transformer.get_submodule(path)
        linear.weight = torch.nn.Parameter(linear.weight.detach() + torch.from_numpy(more), requires_grad=False)
    return model
