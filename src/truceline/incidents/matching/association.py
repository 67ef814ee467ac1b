"""From the odds of single pairs to the probability of each link, one counterpart at most.

Belief propagation on the bipartite graph of candidates: Williams and Lau, "Approximate
evaluation of marginal association probabilities with belief propagation", IEEE Trans.
Aerospace and Electronic Systems 50(4), 2014. It converges for every non-negative input.
"""

from __future__ import annotations

import numpy as np

from truceline.incidents.matching.columns import Floats, Ints

_ROUNDS = 200
_STILL = 1e-6


def marginals(a: Ints, b: Ints, odds: Floats, size_a: int, size_b: int) -> Floats:
    """Return the probability of each candidate link, given the odds of each for itself.

    `odds`: how much likelier the pair is as a link than as two reports without counterpart.
    """
    back = np.ones(len(odds))
    for _ in range(_ROUNDS):
        weighed = odds * back
        forth = odds / (1.0 + np.bincount(a, weighed, size_a)[a] - weighed)
        new = 1.0 / (1.0 + np.bincount(b, forth, size_b)[b] - forth)
        moved = float(np.max(np.abs(new - back), initial=0.0))
        back = new
        if moved < _STILL:
            break
    weighed = odds * back
    return weighed / (1.0 + np.bincount(a, weighed, size_a)[a])
