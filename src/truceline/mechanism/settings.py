"""Settings: one TOML file in the data folder and `TRUCELINE_*`, read once, frozen.

Every field has a unit, a default and a sentence. An unknown name is refused,
in the file as in the environment. Secrets are named by path. No setting weakens a
check: what the door demands is not here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from truceline.errors import Malformed, Reason

PREFIX = "TRUCELINE_"

BESIDE = frozenset(
    ("TRUCELINE_PASSPHRASE", "TRUCELINE_DATA", "TRUCELINE_SERVER", "TRUCELINE_TOKEN")
)
"""Names in the environment that belong to the command line and not to the settings."""


class Settings(BaseSettings):
    """What an installation can choose."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    origin: str = Field(
        "", description="The log's origin, a name like `example.org/log`; set by init."
    )
    name: str = Field("", description="A name for this installation; the data key's file has it.")
    database: str = Field(
        "",
        description="SQLAlchemy URL of a PostgreSQL with PostGIS; empty: SQLite in the data folder.",
    )
    data_key_file: Path | None = Field(
        None,
        description="File with the data key, outside the data folder; none: ~/.config/truceline/NAME.key.",
    )
    host: str = Field("127.0.0.1", description="Address on which `truceline up` listens.")
    port: int = Field(
        8017, ge=0, le=65_535, description="Port on which it listens; 0: any free one."
    )
    tls_cert: Path | None = Field(None, description="Certificate chain for HTTPS, a PEM file.")
    tls_key: Path | None = Field(None, description="Private key for HTTPS, a PEM file.")
    witnesses: dict[str, str] = Field(
        default_factory=dict,
        description="Where each witness of genesis is asked: its name to the URL below which add-checkpoint lies.",
    )
    witness_timeout_s: float = Field(
        5.0, gt=0, le=60, description="Seconds to wait for one witness."
    )
    witness_every_s: float = Field(
        2.0,
        gt=0,
        le=3600,
        description="Seconds between two rounds of asking the witnesses, at least.",
    )
    batch_most: int = Field(
        256, ge=1, le=4096, description="Records that share one commit, at most."
    )
    waiting_most: int = Field(
        20_000, ge=1, description="Submissions that may wait at the door before it answers busy."
    )
    seal_pause_ms: int = Field(
        50, ge=0, le=10_000, description="Milliseconds between two checkpoints, at least."
    )
    file_most_bytes: int = Field(
        64 * 2**20, ge=2**16, le=256 * 2**20, description="Bytes that a deposited file may have."
    )
    deposit_day_bytes: int = Field(
        4 * 2**30,
        ge=2**20,
        description="Bytes of files that one account may deposit in a day.",
    )
    log_open_to: Literal["signed_in", "public"] = Field(
        "signed_in",
        description="Who may read the log's entries and the outside of hidden records: `signed_in` (any account) or `public`. Checkpoint, keys and hashes are for everyone.",
    )
    public_delay_s: int = Field(
        86_400, ge=3_600, description="Seconds before daily counts are shown to the public."
    )
    demo: bool = Field(
        False, description="Offer the demonstration's roles and story; exercises only."
    )
    dss_keys: list[Path] = Field(
        default_factory=list,
        description="Public keys (PEM files) of who gives USSs their tokens; with dss_audiences they open the drone interface.",
    )
    dss_jwks: str = Field(
        "", description="URL of the key set (JWKS) of who gives the tokens; fetched every minute."
    )
    dss_audiences: list[str] = Field(
        default_factory=list,
        description="Names by which tokens may mean this server (`aud`); empty: no drone interface.",
    )
    dss_name: str = Field(
        "truceline",
        description="Name of this USS, under which zones in force stand as constraints.",
    )
    dss_url: str = Field(
        "", description="URL at which other USSs reach this one; empty: the address it listens on."
    )
    dss_local: bool = Field(
        False,
        description="Take USSs at http addresses, and call them in private networks too; for tests and closed networks.",
    )
    dss_token_url: str = Field(
        "",
        description="Where this USS gets its own tokens (OAuth client credentials); empty: none.",
    )
    dss_client_file: Path | None = Field(
        None, description="File with `client:secret` for dss_token_url, on one line."
    )
    dss_lowest_ground_m: int = Field(
        -440,
        ge=-440,
        le=8_850,
        description="Lowest ground of the region in metres above the sea, for limits above ground.",
    )
    dss_highest_ground_m: int = Field(
        8_850,
        ge=-440,
        le=8_850,
        description="Highest ground of the region in metres above the sea, for limits above ground.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file; there is no other source."""
        return env_settings, init_settings


def read(file: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings in `file` (which may be absent) and the environment.

    Raises `Malformed` naming the file or variable for an unknown name or a value
    that is out of bounds.
    """
    names = os.environ if environment is None else environment
    known = {PREFIX + name.upper() for name in Settings.model_fields} | BESIDE
    for name in sorted(names):
        if name.startswith(PREFIX) and name not in known:
            raise _unknown(name, "the environment")
    chosen = _from_file(file)
    for name in chosen.keys() - Settings.model_fields.keys():
        raise _unknown(name, str(file.name))
    try:
        return Settings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Malformed(
            Reason.OUT_OF_RANGE, where=f"setting {where}", detail=str(first["msg"])
        ) from None


def write_text(chosen: Mapping[str, str | int | float | bool]) -> str:
    """Return a settings file with these values, each with its sentence above it."""
    lines = []
    for name, value in chosen.items():
        field = Settings.model_fields[name]
        shown = str(value).lower() if isinstance(value, bool) else _quoted(value)
        lines += [f"# {field.description}", f"{name} = {shown}", ""]
    return "\n".join(lines)


def _quoted(value: str | float) -> str:
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(Reason.BAD_FORMAT, where=file.name, detail=f"not TOML: {error}") from None


def _unknown(name: str, place: str) -> Malformed:
    return Malformed(
        Reason.UNKNOWN_FIELD,
        where=name,
        detail=f"{place} names a setting that does not exist",
        remedy="See docs/reference/settings.md for the settings and their units",
    )
