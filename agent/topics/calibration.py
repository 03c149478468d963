"""How far a confidence may be trusted: reliability, calibration error, and what selective answering risks.

What is stored (calibration.json) was counted on our own examples while their whole scenarios were held out. These are
no customers: a bound on what happens to customers needs reviewed closures, and is not promised on fewer than 300.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.topics.names import Topic

STORED = Path(__file__).parent / "calibration.json"
BINS = 10
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
LEVEL = 0.95
ENOUGH_CLOSURES = 300
Count = Annotated[int, Field(ge=0)]


class Risk(StrEnum):
    """What a wrong topic could cost, by the kind of action its flow proposes."""

    MONEY = "money"  # money moves
    CONTRACT = "contract"  # what is paid from now on changes
    HUMANS = "humans"  # people's work: law, fraud, erasure
    ANSWERS = "answers"  # nothing but an answer


_RISKS = {
    Risk.MONEY: ("refund_request", "duplicate_charge", "unexpected_charge", "payment_failed", "pay_invoice"),
    Risk.CONTRACT: (
        "plan_change", "cancel_subscription", "reactivate_subscription", "autopay", "update_payment_method",
        "discount_or_coupon", "trial_question", "expired_payment_link", "billing_details", "tax_or_vat",
    ),
    Risk.HUMANS: (
        "dispute_or_chargeback", "unauthorized_charge", "legal_or_complaint", "data_deletion", "human_request",
    ),
}  # fmt: skip


def risk_of(topic: Topic) -> Risk:
    return next((risk for risk, topics in _RISKS.items() if topic in topics), Risk.ANSWERS)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bin(Strict):
    """Guesses of like confidence: their mean confidence and the share that was right."""

    confidence: float
    right: float
    n: Count


class Selective(Strict):
    """Of `n` guesses of at least `since`, `wrong` were wrong."""

    risk: Risk
    since: float
    n: Count
    wrong: Count

    def bound(self) -> float:
        return upper_bound(self.wrong, self.n)


class Calibration(Strict):
    """`fingerprint` is that of the examples the counts were made on."""

    fingerprint: str
    error: float
    bins: tuple[Bin, ...]
    selective: tuple[Selective, ...]


def calibrate(
    fingerprint: str, confidence: Sequence[float], right: Sequence[bool], topics: Sequence[Topic]
) -> Calibration:
    """Counts of guesses, each with its confidence, whether it was right, and the topic that was guessed. A guess of
    `unknown` answers nothing, so it counts in the bins only."""
    bins = reliability(confidence, right)
    rows = [
        (risk_of(topic), sure, good)
        for topic, sure, good in zip(topics, confidence, right, strict=True)
        if topic is not Topic.UNKNOWN
    ]
    selective: list[Selective] = []
    for risk in Risk:
        for since in THRESHOLDS:
            chosen = [good for of, sure, good in rows if of is risk and sure >= since]
            selective.append(Selective(risk=risk, since=since, n=len(chosen), wrong=chosen.count(False)))
    return Calibration(
        fingerprint=fingerprint, error=round(expected_error(bins), 4), bins=bins, selective=tuple(selective)
    )


def reliability(confidence: Sequence[float], right: Sequence[bool]) -> tuple[Bin, ...]:
    """Ten equal bins of confidence, without the empty ones."""
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for sure, good in zip(confidence, right, strict=True):
        inside[min(int(sure * BINS), BINS - 1)].append((sure, good))
    return tuple(
        Bin(
            confidence=round(sum(sure for sure, _ in each) / len(each), 4),
            right=round(sum(good for _, good in each) / len(each), 4),
            n=len(each),
        )
        for each in inside
        if each
    )


def expected_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error (Guo et al., 2017)."""
    total = sum(each.n for each in bins)
    return sum(each.n * abs(each.confidence - each.right) for each in bins) / total if total else 0.0


def upper_bound(wrong: int, n: int, level: float = LEVEL) -> float:
    """The exact one-sided upper bound of a share of which `wrong` of `n` were seen (Clopper and Pearson, 1934): the
    share under which so few would be seen with a probability of only 1 - `level`. 1 when nothing was seen."""
    if not 0 <= wrong <= n:
        raise ValueError(f"{wrong} of {n} is no count")
    if wrong == n:
        return 1.0
    ways = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(wrong + 1)]
    low, high = wrong / n, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        # the probability of at most `wrong` in `n` draws (binomial)
        inside, outside = math.log(middle), math.log1p(-middle)
        seen = math.fsum(math.exp(way + k * inside + (n - k) * outside) for k, way in enumerate(ways))
        if seen > 1 - level:
            low = middle
        else:
            high = middle
    return high


def load_calibration(path: Path = STORED) -> Calibration:
    """Raises OSError or pydantic's `ValidationError` when it cannot be read."""
    return Calibration.model_validate_json(path.read_text(encoding="utf-8"))
