"""How good a position is, from what the sensor says of it.

NACp states the radius that holds the position with 95 % (ED-102A / DO-260B,
table 2-71). Of a circular normal error that is 2.448 standard deviations of one
axis. NIC alone is no accuracy, and a spoofed receiver reports a good one.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from truceline.airspace.fix import Floats


class Kind(IntEnum):
    """What sort of sensor says where an aircraft is. The numbers are kept in sealed segments."""

    UNKNOWN = 0
    ADSB = 1  # the aircraft says it of itself, by GNSS
    TISB = 2  # ADS-R or TIS-B: said again by a ground station
    MLAT = 3  # times of arrival at several receivers
    RADAR = 4  # Mode S or primary radar, ASTERIX 048
    SYSTEM = 5  # a track of a surveillance centre, ASTERIX 062
    REMOTE_ID = 6  # a drone says it of itself, by GNSS
    OBSERVER = 7  # people who look and listen

    @property
    def is_own_word(self) -> bool:
        """Whether the position rests on the aircraft's own receiver, which can be misled."""
        return self in (Kind.UNKNOWN, Kind.ADSB, Kind.TISB, Kind.REMOTE_ID)


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
