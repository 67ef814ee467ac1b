"""InterUSS's mock_uss, in its own environment: loads a file of zones and says what it sees there.

Run: `.tools/interuss/bin/python ask_mock_uss.py URL LAT LON [LAT LON ...]`. Prints JSON: what
came of loading, and for each place whether a zone is present.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

SOURCE = "/geoawareness/geozone_sources/00000000-0000-4000-8000-000000000001"


def main(url: str, places: list[tuple[float, float]]) -> None:
    """Load, ask, print."""
    from monitoring.monitorlib.auth import NoAuth

    key = NoAuth.dummy_private_key.export_to_pem(private_key=False).decode()
    os.environ |= {
        "MOCK_USS_SERVICES": "geoawareness",
        "MOCK_USS_PUBLIC_KEY": key,
        "MOCK_USS_TOKEN_AUDIENCE": "localhost",
        "MOCK_USS_BASE_URL": "http://localhost:1",
    }
    from monitoring.mock_uss.app import webapp

    client = webapp.test_client()
    token = NoAuth().issue_token("localhost", ["geo-awareness.test"])
    headers = {"Authorization": f"Bearer {token}"}
    asked = {"https_source": {"url": url, "format": "ED-269"}}
    loaded = client.put(SOURCE, json=asked, headers=headers).json
    checks = {"checks": [_check(*one) for one in places]}
    found = client.post("/geoawareness/check", json=checks, headers=headers).json
    print(json.dumps({"loaded": loaded, "found": found}))


def _check(lat: float, lon: float) -> dict[str, Any]:
    position = {
        "uomDimensions": "M",
        "verticalReferenceType": "AMSL",
        "height": 50,
        "longitude": lon,
        "latitude": lat,
    }
    return {"filterSets": [{"position": position}]}


if __name__ == "__main__":
    numbers = [float(one) for one in sys.argv[2:]]
    main(sys.argv[1], list(zip(numbers[::2], numbers[1::2], strict=True)))
