"""The stores that these tests run on."""

from tests.support.stores import (  # noqa: F401
    assembly,
    database,
    installation,
    postgres_server,
)
