import math

import pytest

from semopt.evaluators.calibration import THRESHOLD, similarity


def test_original_is_one_and_the_safe_drift_is_the_threshold():
    assert similarity(0.0, 0.3) == 1.0
    assert similarity(0.3, 0.3) == pytest.approx(THRESHOLD, abs=1e-12)


@pytest.mark.parametrize("drift", [0.0, 5e-324, 1e-9, 1.0, 1e9, 1e308, math.inf, math.nan])
def test_similarity_is_always_from_0_to_1(drift):
    assert 0.0 <= similarity(drift, 0.05) <= 1.0


def test_log_odds_fall_in_a_line_with_the_logarithm_of_drift():
    odds = [math.log(s / (1 - s)) for s in (similarity(drift, 0.7) for drift in (0.1, 1.0, 10.0))]
    assert odds[0] - odds[1] == pytest.approx(math.log(10)) == pytest.approx(odds[1] - odds[2])
