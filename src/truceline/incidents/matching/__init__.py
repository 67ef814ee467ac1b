"""Which reports of two ledgers tell of one event: proposed with a score and reasons, never merged.

The model (docs/matching.md): reports of one event differ in place by their radii, in time
by a jitter, in kind by confusion; unrelated ones lie where and when each ledger's reports
lie anyway. The sizes of all this are learned from the two ledgers, without being told which
links are true. `density` says how usual a place and an hour are, `association` makes the
likelihoods of single pairs into the probability of each link when a report has at most one
counterpart, `model` learns and scores.
"""
