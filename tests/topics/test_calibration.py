"""Reliability, calibration error and the exact bound; and that the stored counts are of these examples."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from agent.topics.calibration import (
    THRESHOLDS,
    Risk,
    calibrate,
    expected_error,
    load_calibration,
    reliability,
    risk_of,
    upper_bound,
)
from agent.topics.head import load_head
from agent.topics.names import Topic


@settings(deadline=None, max_examples=50)
@given(n=st.integers(1, 1_000), data=st.data())
def test_the_bound_is_clopper_and_pearsons(n: int, data: st.DataObject) -> None:
    wrong = data.draw(st.integers(0, n))
    expected = 1.0 if wrong == n else float(beta.ppf(0.95, wrong + 1, n - wrong))
    assert upper_bound(wrong, n) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("share", "n"), [(0.01, 300), (0.05, 300), (0.2, 40)])
def test_the_bound_covers_at_least_as_often_as_it_says(share: float, n: int) -> None:
    covered = sum(float(binom.pmf(wrong, n, share)) for wrong in range(n + 1) if upper_bound(wrong, n) >= share)
    assert covered >= 0.95


def test_nothing_seen_promises_nothing() -> None:
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(0, 300) == pytest.approx(0.0099, abs=1e-4)
    with pytest.raises(ValueError, match="2 of 1"):
        upper_bound(2, 1)


def test_bins_and_error_by_hand() -> None:
    bins = reliability([0.95, 0.85, 1.0, 0.1], [True, False, True, False])
    assert [(each.n, each.right) for each in bins] == [(1, 0.0), (1, 0.0), (2, 1.0)]
    assert expected_error(bins) == pytest.approx((0.1 + 0.85 + 2 * 0.025) / 4)
    assert expected_error(()) == 0.0


def test_what_is_not_answered_risks_nothing() -> None:
    told = calibrate(
        "x", [0.9, 0.95, 0.6], [False, False, True], [Topic.UNKNOWN, Topic.REFUND_REQUEST, Topic.REFUND_REQUEST]
    )
    money = {each.since: (each.wrong, each.n) for each in told.selective if each.risk is Risk.MONEY}
    assert money == {0.5: (1, 2), 0.6: (1, 2), 0.7: (1, 1), 0.8: (1, 1), 0.9: (1, 1)}
    assert sum(each.n for each in told.bins) == 3


def test_every_topic_has_a_risk_and_every_risk_topics() -> None:
    assert {risk_of(topic) for topic in Topic} == set(Risk)
    assert risk_of(Topic.REFUND_REQUEST) is Risk.MONEY
    assert risk_of(Topic.UNKNOWN) is Risk.ANSWERS


def test_the_stored_counts_are_of_the_heads_examples() -> None:
    stored = load_calibration()
    assert stored.fingerprint == load_head().fingerprint, "run python -m scripts.train_topics"
    assert {(each.risk, each.since) for each in stored.selective} == {(r, s) for r in Risk for s in THRESHOLDS}
    assert stored.error == pytest.approx(expected_error(stored.bins), abs=1e-4)
