"""Settings: one file and the environment, read once; what is unknown is refused."""

from __future__ import annotations

import pytest

from truceline.errors import Malformed, Reason, Refused
from truceline.mechanism import settings
from truceline.mechanism.clock import ScenarioClock
from truceline.mechanism.installation import Installation
from truceline.mechanism.settings import Settings
from truceline.records.record import Micros


def test_the_environment_goes_before_the_file(tmp_path, monkeypatch):
    file = tmp_path / "truceline.toml"
    file.write_text('port = 9000\nhost = "0.0.0.0"\n')
    monkeypatch.setenv("TRUCELINE_PORT", "9001")
    chosen = settings.read(file)
    assert (chosen.port, chosen.host) == (9001, "0.0.0.0")


def test_what_is_written_is_read_back(tmp_path):
    file = tmp_path / "truceline.toml"
    chosen = {"origin": 'log.example/"one"', "port": 1234, "demo": True, "database": ""}
    file.write_text(settings.write_text(chosen))
    read = settings.read(file)
    assert {name: getattr(read, name) for name in chosen} == chosen


@pytest.mark.parametrize(
    ("text", "where"),
    [("prot = 1", "prot"), ("[port]\nx = 1", "setting port"), ("port = 99999", "setting port")],
)
def test_what_is_unknown_or_out_of_bounds_is_refused_by_name(tmp_path, text, where):
    file = tmp_path / "truceline.toml"
    file.write_text(text)
    with pytest.raises(Malformed) as failure:
        settings.read(file)
    assert failure.value.where == where


def test_an_unknown_name_in_the_environment_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUCELINE_PROT", "1")
    with pytest.raises(Malformed) as failure:
        settings.read(tmp_path / "none.toml")
    assert failure.value.reason is Reason.UNKNOWN_FIELD


def test_every_setting_has_a_default_and_a_sentence():
    for name, field in Settings.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        assert field.description.endswith((".", ")")), name


def test_settings_are_frozen(tmp_path):
    chosen = settings.read(tmp_path / "none.toml")
    with pytest.raises(ValueError, match="frozen"):
        chosen.port = 1


def test_the_data_key_does_not_lie_in_the_data_folder(tmp_path):
    with pytest.raises(Refused):
        Installation.create(
            tmp_path / "data", origin="log.example/x", data_key_file=tmp_path / "data" / "key"
        )


def test_a_scenarios_clock_runs_at_its_speed_and_stands_still(monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: seconds[0])
    clock = ScenarioClock(Micros(1_000_000), speed=60)
    seconds[0] = 2
    assert clock.now() == 121_000_000
    clock.pause()
    seconds[0] = 100
    assert clock.now() == 121_000_000
    clock.play(speed=1)
    seconds[0] = 101
    assert clock.now() == 122_000_000
    clock.seek(Micros(5))
    assert clock.now() == 5
    with pytest.raises(Malformed):
        clock.play(speed=0)
