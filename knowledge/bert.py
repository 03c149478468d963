"""A BERT that makes sentence vectors, read from a sentence-transformers folder: mean of the last layer, length one.

The bundled model is one of these. sentence-transformers gives the same vectors (a test holds them together), and takes
four seconds of processor time to be imported where torch alone takes one: most of what a start of Lee costs. Folders of
any other make are left to it. Devlin et al. 2019; Reimers and Gurevych 2019.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Bert:
    """Safe to share between threads. `weights` go by the names of the model's file."""

    tokenizer: Tokenizer
    weights: Mapping[str, Tensor]
    layers: int
    heads: int
    dimensions: int
    epsilon: float

    def encode(self, texts: Sequence[str], batch_size: int) -> NDArray[np.float32]:
        """Float32 rows of length one, in the order of the texts."""
        import torch

        tokens = self.tokenizer.encode_batch_fast(list(texts))
        # Neighbours of one length, or short texts would be filled up to the longest.
        order = sorted(range(len(tokens)), key=lambda n: len(tokens[n].ids))
        rows = np.empty((len(tokens), self.dimensions), dtype=np.float32)
        for at in range(0, len(order), batch_size):
            chosen = order[at : at + batch_size]
            longest = len(tokens[chosen[-1]].ids)
            ids = torch.zeros(len(chosen), longest, dtype=torch.long)
            said = torch.zeros(len(chosen), longest, dtype=torch.bool)
            for row, n in enumerate(chosen):
                found = tokens[n].ids
                ids[row, : len(found)] = torch.tensor(found)
                said[row, : len(found)] = True
            with torch.inference_mode():
                rows[chosen] = self._vectors(ids, said).numpy()
        return rows

    def changed(self, added: Mapping[str, NDArray[np.float32]]) -> Bert:
        """Another over the same weights, with something added to some linear layers' matrices, by the layers' names.

        Raises `LookupError` for a layer that there is not, ValueError for a matrix of another shape."""
        import torch

        weights = dict(self.weights)
        for path, more in added.items():
            name = f"{path}.weight"
            if weights[name].shape != more.shape:
                raise ValueError(f"{path} is {tuple(weights[name].shape)}, not {more.shape}")
            weights[name] = weights[name] + torch.from_numpy(more)
        return replace(self, weights=weights)

    def _vectors(self, ids: Tensor, said: Tensor) -> Tensor:
        import torch.nn.functional as f

        weights, length = self.weights, ids.shape[1]
        x = f.embedding(ids, weights["embeddings.word_embeddings.weight"])
        x = x + weights["embeddings.position_embeddings.weight"][:length]
        x = self._norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        seen = None if bool(said.all()) else said[:, None, None, :]
        for n in range(self.layers):
            layer = f"encoder.layer.{n}"
            query, key, value = (
                self._linear(x, f"{layer}.attention.self.{part}")
                .view(*ids.shape, self.heads, self.dimensions // self.heads)
                .transpose(1, 2)
                for part in ("query", "key", "value")
            )
            mixed = f.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).reshape(x.shape)
            x = self._norm(
                x + self._linear(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm"
            )
            wide = f.gelu(self._linear(x, f"{layer}.intermediate.dense"))
            x = self._norm(x + self._linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        spoken = said[:, :, None].to(x.dtype)
        return f.normalize((x * spoken).sum(1) / spoken.sum(1).clamp(min=1e-9), dim=1)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        import torch.nn.functional as f

        return f.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        import torch.nn.functional as f

        return f.layer_norm(
            x, (self.dimensions,), self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], self.epsilon
        )


def read_bert(folder: Path) -> Bert | None:
    """The model of a sentence-transformers folder; None when it is of another make than this module knows.

    Raises OSError and ValueError when the folder cannot be read."""
    if not all((folder / name).is_file() for name in ("modules.json", "tokenizer.json", "model.safetensors")):
        return None
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    if not (_is_plain(config) and _is_mean(folder, modules)):
        return None
    import torch

    weights = _weights(folder / "model.safetensors")
    if "embeddings.LayerNorm.weight" not in weights or any(each.dtype != torch.float32 for each in weights.values()):
        return None
    tokenizer = _tokenizer(folder / "tokenizer.json")
    tokenizer.no_padding()
    longest = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    tokenizer.enable_truncation(longest or config["max_position_embeddings"])
    return Bert(
        tokenizer,
        weights,
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["hidden_size"],
        config["layer_norm_eps"],
    )


def _weights(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: value for name, value in load_file(file).items() if not name.endswith("position_ids")}
    except SafetensorError as error:
        raise ValueError(f"{file.name} is damaged ({error})") from error


def _tokenizer(file: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{file.name} is damaged ({error})") from error


def _is_plain(config: dict[str, Any]) -> bool:
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute", "is_decoder": False}
    given = {"position_embedding_type": "absolute", "is_decoder": False, **config}
    return all(given.get(name) == value for name, value in wanted.items())


def _is_mean(folder: Path, modules: list[dict[str, Any]]) -> bool:
    """Transformer, mean of its words, length one; no prompt before a text, no second lower-casing."""
    if [module["type"].rpartition(".")[2] for module in modules] != ["Transformer", "Pooling", "Normalize"]:
        return False
    pooling = _json(folder / modules[1]["path"] / "config.json")
    modes = {name for name, on in pooling.items() if name.startswith("pooling_mode_") and on}
    prompted = _json(folder / "config_sentence_transformers.json").get("default_prompt_name")
    lowered = _json(folder / "sentence_bert_config.json").get("do_lower_case")
    return modules[0]["path"] == "" and modes == {"pooling_mode_mean_tokens"} and not prompted and not lowered


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
