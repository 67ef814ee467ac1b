"""How good a position is, from what the sensor says of it.

NACp states the radius that holds the position with 95 % (ED-102A / DO-260B,
table 2-71). Of a circular normal error that is 2.448 standard deviations of one
axis. NIC alone is no accuracy, and a spoofed receiver reports a good one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Floats

EPU_M = {11: 3.0, 10: 10.0, 9: 30.0, 8: 92.6, 7: 185.2, 6: 555.6, 5: 926.0, 4: 1852.0}
"""NACp to the 95 % radius in metres; below 4 nothing usable is said."""

MULTILATERATED_M = 300.0
"""Standard deviation taken for MLAT and TIS-B, which state none."""

_PER_AXIS = 2.448
_SIGMA = np.array([EPU_M.get(code, np.nan) / _PER_AXIS for code in range(12)])


def sigma_of_nacp(nacp: NDArray[np.int64]) -> Floats:
    """Return the standard deviation of one axis in metres, NaN where NACp says nothing usable."""
    known = (nacp >= 0) & (nacp < len(_SIGMA))
    return np.asarray(np.where(known, _SIGMA[np.where(known, nacp, 0)], np.nan), dtype=np.float64)
