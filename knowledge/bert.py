"""A BERT that makes sentence vectors, read from a sentence-transformers folder: mean of the last layer, length one.

The bundled model is one of these. In numpy, because sentence-transformers, which gives the same vectors (a test holds
them together), takes five seconds of processor time to be imported and torch alone one and a half: most of what a start
of Lee cost. Folders of any other make are left to it. Devlin et al. 2019; Reimers and Gurevych 2019.

Texts are read side by side as one long row of words: no text is filled up to the length of another. Matrices lie in
memory as they are multiplied, `(in, out)`: short texts wait for them to be read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]
Made = TypeVar("Made")

WORDS_AT_ONCE: Final = 1_024  # word pieces; more of them fall out of the processor's cache between two steps
PARTS: Final = ("query", "key", "value")
ASKED: Final = "-".join(PARTS)
# Abramowitz and Stegun 1964, 7.1.26: 1 - erf(z) for z >= 0, within 1.5e-7.
ROWS: Final = 4  # OpenBLAS multiplies so many rows at once, and single ones beside them more slowly
_P: Final = 0.3275911
_ERF: Final = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


@dataclass(frozen=True, slots=True)
class Bert:
    """Safe to share between threads, but for its tokenizer. `weights` go by the names of the model's file, but that
    matrices of its layers are `(in, out)`, and query, key and value one."""

    tokenizer: Tokenizer
    weights: Mapping[str, Floats]
    layers: int
    heads: int
    dimensions: int
    epsilon: float

    def encode(self, texts: Sequence[str], threads: int = 1) -> Floats:
        """Rows of length one, in the order of the texts."""
        return np.concatenate(self._read(texts, threads, _means))

    def spans(self, texts: Sequence[str], size: int, step: int, threads: int = 1) -> list[Floats]:
        """For each text rows of length one: the first for the whole of it, one for each span of `size` word pieces that
        begins every `step`. What a span means is read in its text ("late chunking", Günther et al. 2024)."""

        def made(x: Floats, ends: NDArray[np.int_]) -> list[Floats]:
            cuts = [[(start, end), *_spans(start, end, size, step)] for start, end in pairwise(ends)]
            return [_unit(np.stack([x[a:b].mean(axis=0) for a, b in each])) for each in cuts]

        return [rows for piece in self._read(texts, threads, made) for rows in piece]

    def _read(self, texts: Sequence[str], threads: int, made: Callable[[Floats, NDArray[np.int_]], Made]) -> list[Made]:
        """What is made of the last layer, piece by piece: of rows of words, and where in them each text ends."""
        found = [token.ids for token in self.tokenizer.encode_batch_fast(list(texts))]
        pieces = _pieces([len(ids) for ids in found], max(1, min(WORDS_AT_ONCE, sum(map(len, found)) // threads)))
        if len(pieces) == 1 or threads == 1:
            return [made(*self._words(found[start:end])) for start, end in pieces]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda piece: made(*self._words(found[piece[0] : piece[1]])), pieces))

    def changed(self, added: Mapping[str, Floats]) -> Bert:
        """Another over the same weights, with something of `(out, in)` added to some linear layers' matrices, by the
        layers' names.

        Raises `LookupError` for a layer that there is not, ValueError for a matrix of another shape."""
        weights = dict(self.weights)
        for path, more in added.items():
            whole, first = _place(path, self.dimensions)
            matrix = weights[f"{whole}.weight"]
            width = matrix.shape[1] if first is None else self.dimensions
            if more.shape != (width, len(matrix)):
                raise ValueError(f"{path} is {(width, len(matrix))}, not {more.shape}")
            weights[f"{whole}.weight"] = matrix = matrix.copy()
            matrix[:, first or 0 : (first or 0) + width] += more.T
        return replace(self, weights=weights)

    def _words(self, texts: Sequence[Sequence[int]]) -> tuple[Floats, NDArray[np.int_]]:
        weights = self.weights
        ends = np.cumsum([0, *map(len, texts)])
        # Rows after the last word stand for nothing, and nothing looks at them.
        x = np.zeros((-(-int(ends[-1]) // ROWS) * ROWS, self.dimensions), dtype=np.float32)
        np.take(weights["embeddings.word_embeddings.weight"], np.concatenate(texts), axis=0, out=x[: ends[-1]])
        x += weights["embeddings.token_type_embeddings.weight"][0]
        places = weights["embeddings.position_embeddings.weight"]
        for start, end in pairwise(ends):
            x[start:end] += places[: end - start]
        x = self._norm(x, "embeddings.LayerNorm")
        for n in range(self.layers):
            layer = f"encoder.layer.{n}"
            seen = self._attention(x, ends, f"{layer}.attention.self.{ASKED}")
            mixed = self._linear(seen, f"{layer}.attention.output.dense")
            mixed += x
            x = self._norm(mixed, f"{layer}.attention.output.LayerNorm")
            wide = self._linear(_gelu(self._linear(x, f"{layer}.intermediate.dense")), f"{layer}.output.dense")
            wide += x
            x = self._norm(wide, f"{layer}.output.LayerNorm")
        return x, ends

    def _attention(self, x: Floats, ends: NDArray[np.int_], layer: str) -> Floats:
        """Each text looks at itself alone."""
        size = self.dimensions // self.heads
        together = self._linear(x, layer).reshape(len(x), 3, self.heads, size).transpose(1, 2, 0, 3)
        query, key, value = together
        query *= np.float32(size**-0.5)
        mixed = np.zeros_like(x)
        into = mixed.reshape(len(x), self.heads, size).transpose(1, 0, 2)
        for start, end in pairwise(ends):
            here = slice(start, end)
            seen = query[:, here] @ key[:, here].transpose(0, 2, 1)
            seen -= seen.max(axis=-1, keepdims=True)
            np.exp(seen, out=seen)
            seen /= seen.sum(axis=-1, keepdims=True)
            np.matmul(seen, value[:, here], out=into[:, here])
        return mixed

    def _linear(self, x: Floats, name: str) -> Floats:
        y = x @ self.weights[f"{name}.weight"]
        y += self.weights[f"{name}.bias"]
        return y

    def _norm(self, x: Floats, name: str) -> Floats:
        x -= x.mean(axis=-1, keepdims=True)
        spread = np.einsum("ij,ij->i", x, x)[:, None] / np.float32(self.dimensions)
        x /= np.sqrt(spread + np.float32(self.epsilon))
        x *= self.weights[f"{name}.weight"]
        x += self.weights[f"{name}.bias"]
        return x


def _means(x: Floats, ends: NDArray[np.int_]) -> Floats:
    return _unit(np.stack([x[start:end].mean(axis=0) for start, end in pairwise(ends)]))


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _spans(start: int, end: int, size: int, step: int) -> list[tuple[int, int]]:
    """Of `size`, the last one shorter, so that every word piece is in one."""
    last = max(start + 1, end - size + step)
    return [(at, min(end, at + size)) for at in range(start, last, step)]


def _gelu(x: Floats) -> Floats:
    """x times the probability that a standard normal variable is below it (Hendrycks and Gimpel 2016)."""
    size = np.abs(x)
    t = size * np.float32(_P * 0.5**0.5)
    t += np.float32(1)
    np.reciprocal(t, out=t)
    above = t * np.float32(_ERF[-1] / 2)
    for factor in reversed(_ERF[:-1]):
        above += np.float32(factor / 2)
        above *= t
    np.multiply(x, x, out=t)
    t *= np.float32(-0.5)
    above *= np.exp(t, out=t)
    above *= size
    np.maximum(x, 0, out=x)
    x -= above
    return x


def _pieces(lengths: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Positions of texts to be read at once: up to `most` word pieces, or a single longer text."""
    pieces, start, count = list[tuple[int, int]](), 0, 0
    for n, length in enumerate(lengths):
        if n > start and count + length > most:
            pieces.append((start, n))
            start, count = n, 0
        count += length
    return [*pieces, (start, len(lengths))]


def read_bert(folder: Path) -> Bert | None:
    """The model of a sentence-transformers folder; None when it is of another make than this module knows.

    Raises OSError and ValueError when the folder cannot be read."""
    if not all((folder / name).is_file() for name in ("modules.json", "tokenizer.json", "model.safetensors")):
        return None
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    if not (_is_plain(config) and _is_mean(folder, modules)):
        return None
    weights = _weights(folder / "model.safetensors")
    if "embeddings.LayerNorm.weight" not in weights or any(each.dtype != np.float32 for each in weights.values()):
        return None
    tokenizer = _tokenizer(folder / "tokenizer.json")
    tokenizer.no_padding()
    longest = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    tokenizer.enable_truncation(longest or config["max_position_embeddings"])
    return Bert(
        tokenizer,
        _laid_out(weights, config["num_hidden_layers"]),
        config["num_hidden_layers"],
        config["num_attention_heads"],
        config["hidden_size"],
        config["layer_norm_eps"],
    )


def _laid_out(weights: Mapping[str, Floats], layers: int) -> dict[str, Floats]:
    """As `Bert` holds them. Raises ValueError when one of them is missing."""
    held = dict(weights)
    try:
        for n in range(layers):
            asked = f"encoder.layer.{n}.attention.self"
            for kind in ("weight", "bias"):
                held[f"{asked}.{ASKED}.{kind}"] = np.concatenate([held.pop(f"{asked}.{part}.{kind}") for part in PARTS])
    except KeyError as error:
        raise ValueError(f"the model lacks {error}") from error
    return {
        name: np.ascontiguousarray(value.T) if name.startswith("encoder.") and value.ndim == 2 else value
        for name, value in held.items()
    }


def _place(path: str, dimensions: int) -> tuple[str, int | None]:
    """By which name a linear layer's matrix is held, and from which column on it is one of three."""
    within, _, part = path.rpartition(".")
    return (f"{within}.{ASKED}", PARTS.index(part) * dimensions) if part in PARTS else (path, None)


def _weights(file: Path) -> dict[str, Floats]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

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
