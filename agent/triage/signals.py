"""What raises a priority whatever the topic: four signals, each a logistic regression over the message's vectors."""

from __future__ import annotations

import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EXAMPLES = Path(__file__).parent / "signals.toml"
STORED = Path(__file__).parent / "signals.npz"
CALM = "calm"


class Signal(StrEnum):
    STOPPED = "stopped"
    DEADLINE = "deadline"
    LEAVING = "leaving"
    HARM = "harm"


class SignalsUnusable(ValueError):
    """The examples or the artefact cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Signals:
    """`weights` (signals, dimensions) and `bias` (signals,), in `Signal`'s order; `fingerprint` of the examples."""

    model: str
    fingerprint: str
    weights: Floats
    bias: Floats

    def of(self, vectors: Floats) -> dict[Signal, float]:
        """The strongest probability of each signal over the vectors (n, dimensions) of one message's parts."""
        if not len(vectors):
            return dict.fromkeys(Signal, 0.0)
        strongest = (1 / (1 + np.exp(-(vectors @ self.weights.T + self.bias)))).max(axis=0)
        return {signal: float(value) for signal, value in zip(Signal, strongest, strict=True)}

    def save(self, path: Path = STORED) -> None:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                model=np.array(self.model),
                fingerprint=np.array(self.fingerprint),
                weights=self.weights,
                bias=self.bias,
            )


def load_signals(path: Path = STORED) -> Signals:
    """Raises `SignalsUnusable` with the command that makes a new artefact."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return Signals(str(stored["model"]), str(stored["fingerprint"]), stored["weights"], stored["bias"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise SignalsUnusable(f"{path.name} cannot be read ({error}): run python -m scripts.train_signals") from error


def read_signal_examples(path: Path = EXAMPLES) -> dict[str, list[str]]:
    """Texts by signal, and those of `calm`. Raises `SignalsUnusable` when a table is missing or strange."""
    told: Mapping[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    if set(told) != {*Signal, CALM}:
        raise SignalsUnusable(f"{path.name} must hold exactly {', '.join([*Signal, CALM])}")
    return {name: list(told[name]) for name in (*Signal, CALM)}


def fingerprint(examples: Mapping[str, list[str]]) -> str:
    """SHA-256 (hex) of the examples in order."""
    lines = "\n".join(f"{name}\x1f{text}" for name, texts in examples.items() for text in texts)
    return hashlib.sha256(lines.encode()).hexdigest()
