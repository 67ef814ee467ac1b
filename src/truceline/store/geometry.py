"""One geometry column for both stores: PostGIS geometry, or WKB in SQLite.

SQLite finds candidates by boxes in an R*Tree, which rounds 64-bit numbers outwards
to 32 bits: it is a prefilter, and the exact test is shapely's, here as there.
"""

from __future__ import annotations

from typing import Any

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy import types
from sqlalchemy.engine import Dialect

SRID = 4326
"""WGS 84, longitude first, as every GIS reads it."""


class _PostGis(types.UserDefinedType[BaseGeometry]):
    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return f"geometry(Geometry,{SRID})"


class Geometry(types.TypeDecorator[BaseGeometry]):
    """A shapely geometry in a column; None where there is no geometry."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> types.TypeEngine[Any]:
        """PostGIS where there is one, else bytes."""
        wanted = _PostGis() if dialect.name == "postgresql" else sa.LargeBinary()
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> Any:
        """To the driver."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return shapely.set_srid(value, SRID)
        return wkb(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:
        """From the driver."""
        return value if value is None or dialect.name == "postgresql" else shapely.from_wkb(value)


def wkb(value: BaseGeometry) -> bytes:
    """Return a geometry's bytes, the same for both stores."""
    return bytes(shapely.to_wkb(value, byte_order=1, include_srid=False))
