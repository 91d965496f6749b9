"""Is one ranking better than another, or was it chance? Home of scipy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap

CONFIDENCE = 0.95
_RESAMPLES = 9_999
_SEED = 1979  # Efron 1979


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean over the questions of one score minus another, and its 95 % interval; zero inside it may be chance."""

    mean: float
    low: float
    high: float


def mean_difference(scores: Sequence[float], others: Sequence[float]) -> Difference:
    """By the paired bootstrap (percentiles): question for question, drawn anew with replacement, the same each time.

    `scores` and `others` are of the same questions in the same order; with fewer than two there is no interval, and
    it is the mean itself.
    """
    each = np.asarray(scores, dtype=float) - np.asarray(others, dtype=float)
    mean = float(each.mean()) if len(each) else 0.0
    if len(each) < 2 or not each.any():
        return Difference(mean, mean, mean)
    found = bootstrap(
        (each,),
        np.mean,
        n_resamples=_RESAMPLES,
        batch=500,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Difference(mean, float(found.low), float(found.high))
