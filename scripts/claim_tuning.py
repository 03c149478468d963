"""Training of the claim head: low-rank changes to the encoder's last layers (LoRA), and a logistic regression on top.

The layers below are not changed, so their output is computed once a sentence and kept.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent.sentences import plain
from knowledge.adapted import Adapter, LowRank

LAYERS: Final = 4  # of six are adapted
RANK: Final = 8
SCALE: Final = 10.0  # unit vectors have entries around 0.05; the head learns faster on larger ones
BATCH: Final = 32
LONGEST: Final = 64  # word pieces
RATE: Final = 2e-3
WARM_UP: Final = 60  # steps
SURE: Final = 0.96  # labels are smoothed: a few sentences can be read either way


@dataclass(frozen=True, slots=True)
class Labelled:
    text: str
    claims: bool
    weight: float = 1.0


class Changed(nn.Module):
    """A frozen linear layer, and what is added to it."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Parameter(torch.randn(RANK, linear.in_features) / math.sqrt(linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, RANK))

    def forward(self, rows: Tensor) -> Tensor:
        return self.linear(rows) + (rows @ self.down.T) @ self.up.T


class Tuned(nn.Module):
    """Scores sentences: the logit that one claims an effect."""

    def __init__(self, foundation: Any) -> None:
        super().__init__()
        self._tokenizer = foundation.tokenizer
        bert = foundation[0].auto_model
        for weights in bert.parameters():
            weights.requires_grad_(False)
        self._first = len(bert.encoder.layer) - LAYERS
        self._embeddings, self._lower = bert.embeddings, list(bert.encoder.layer[: self._first])
        self._states: dict[str, Tensor] = {}
        self.layers = copy.deepcopy(bert.encoder.layer[self._first :])
        self.changed: dict[str, Changed] = {}
        for n, layer in enumerate(self.layers):
            for path, linear in [(p, m) for p, m in layer.named_modules() if isinstance(m, nn.Linear)]:
                parent, _, name = path.rpartition(".")
                made = Changed(linear)
                setattr(layer.get_submodule(parent), name, made)
                self.changed[f"encoder.layer.{self._first + n}.{path}"] = made
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(bert.config.hidden_size, 1)

    @torch.no_grad()
    def remember(self, texts: Sequence[str]) -> None:
        """The states below the adapted layers, for every text that is not known yet."""
        new = sorted(set(texts) - self._states.keys(), key=len)
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            read = self._tokenizer(
                [plain(text) for text in batch], padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
            )
            states = self._embeddings(input_ids=read["input_ids"], token_type_ids=read["token_type_ids"])
            for layer in self._lower:
                states = _states(layer(states, _mask(read["attention_mask"])))
            for text, rows, length in zip(batch, states, read["attention_mask"].sum(1), strict=True):
                self._states[text] = rows[: int(length)].half().clone()

    def forward(self, texts: Sequence[str]) -> Tensor:
        known = [self._states[text].float() for text in texts]
        states = nn.utils.rnn.pad_sequence(known, batch_first=True)
        there = nn.utils.rnn.pad_sequence([torch.ones(len(rows)) for rows in known], batch_first=True)
        for layer in self.layers:
            states = _states(layer(states, _mask(there)))
        pooled = (states * there.unsqueeze(-1)).sum(1) / there.sum(1, keepdim=True)
        return self.head(self.dropout(nn.functional.normalize(pooled, dim=1) * SCALE)).squeeze(-1)

    @torch.no_grad()
    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, in the order of `texts`."""
        self.eval()
        self.remember(texts)
        parts = [torch.sigmoid(self(texts[n : n + BATCH])).numpy() for n in range(0, len(texts), BATCH)]
        return np.concatenate(parts).astype(np.float64)

    def adapter(self) -> Adapter:
        return Adapter(
            "claims",
            {
                path: LowRank(made.up.detach().numpy(), made.down.detach().numpy())
                for path, made in self.changed.items()
            },
        )

    def weights(self) -> tuple[NDArray[np.float32], float]:
        """Of the head over unit vectors: weights and bias."""
        return (self.head.weight.detach().numpy()[0] * SCALE).astype(np.float32), float(self.head.bias.detach()[0])


def _states(given: Any) -> Tensor:
    return given[0] if isinstance(given, tuple) else given


def _mask(there: Tensor) -> Tensor:
    return torch.where(there[:, None, None, :].bool(), 0.0, -1e9)


def train(foundation: Any, rows: Sequence[Labelled], epochs: int, seed: int = 0) -> Tuned:
    """The same rows and seed give the same weights on the same machine. Prints each epoch's loss and seconds."""
    torch.manual_seed(seed)
    chance = random.Random(seed)
    net = Tuned(foundation)
    net.remember([row.text for row in rows])
    learnt = [weights for weights in net.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(learnt, lr=RATE, weight_decay=0.01)
    total, step = epochs * math.ceil(len(rows) / BATCH), 0
    for epoch in range(epochs):
        net.train()
        began, lost, batches = time.monotonic(), 0.0, _batches(rows, chance)
        for batch in batches:
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * max(0.0, 1 - step / total) + 1e-6
            loss = _loss(net, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(learnt, 1.0)
            optimizer.step()
            step, lost = step + 1, lost + loss.item()
        print(
            f"epoch {epoch + 1} of {epochs}: loss {lost / len(batches):.4f}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return net.eval()


def _loss(net: Tuned, batch: Sequence[Labelled]) -> Tensor:
    labels = torch.tensor([SURE if row.claims else 1 - SURE for row in batch])
    weights = torch.tensor([row.weight for row in batch])
    each = nn.functional.binary_cross_entropy_with_logits(net([row.text for row in batch]), labels, reduction="none")
    return (each * weights).mean()


def _batches(rows: Sequence[Labelled], chance: random.Random) -> list[list[Labelled]]:
    """Shuffled; sentences of like length together, so that little is padded."""
    mixed = list(rows)
    chance.shuffle(mixed)
    wide = BATCH * 20
    made: list[list[Labelled]] = []
    for start in range(0, len(mixed), wide):
        chunk = sorted(mixed[start : start + wide], key=lambda row: len(row.text))
        made += [chunk[n : n + BATCH] for n in range(0, len(chunk), BATCH)]
    chance.shuffle(made)
    return made
