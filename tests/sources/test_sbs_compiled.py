"""The compiled parser of SBS lines gives what the plain one gives, for every line and every cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from truceline.airspace.fix import COLUMNS, Fixes
from truceline.sources import sbs
from truceline.sources.sbs import SbsReader
from truceline.sources.sbs_compiler import Compiler

NOON_US = 1_717_243_200_000_000
NEVER = Compiler()
"""One that is never started: its readers stay plain."""


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    """The compiled parser, ready."""
    made = Compiler()
    made.start().join()
    if made.module is None:
        pytest.skip(made.notice)
    return made


def digits(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


NUMBER = st.one_of(
    st.just(""),
    digits(-99_999, 99_999),
    st.decimals(-200, 200, places=5).map(str),
    st.sampled_from(["-0", "0.0", "+5", "1e5", ".5", "5.", "nan", "inf", " 7", "1_0", "-", ".", "1.2.3", "123456789012345", "1234567890123456", "0.1234567890123", "90.00001", "-180"]),
)  # fmt: skip
ADDRESS = st.sampled_from(["4CA2D6", "4ca2d6", "~4CA2D6", "ABCDEF", "~00000A", "000000", "~000000", "4CA2D", "4CA2D67", "XYZ123", " 4CA2D6", "4CA2D6 ", "~", "", "~~4CA2D"])  # fmt: skip
DAY = st.sampled_from(["2024/06/01", "2024/02/29", "2023/02/29", "2024/06/31", "2024/6/1", "1970/01/01", "1969/12/31", "0001/01/01", "2024-06-01", "", "9999/12/31", "2000/02/29", "2100/02/29", " 2024/06/01"])  # fmt: skip
CLOCK = st.one_of(
    st.times().map(lambda t: t.strftime("%H:%M:%S.") + f"{t.microsecond // 1000:03d}"),
    st.sampled_from(["12:00:00", "12:00:00.1", "12:00:00.123456", "12:00:00.1234567", "24:00:00", "23:59:60", "23:59:59.9999999", "12:75:00", "1:2:3", "12:00", "", "12:00:00.", "ab:cd:ef"]),
)  # fmt: skip
CALLSIGN = st.one_of(
    st.just(""),
    st.sampled_from(["RYR1427 ", " BAW1", "A", "ABCDEFGH", "ABCDEFGHI", "A B", "  ", "\x7f", "é", "~"]),
)  # fmt: skip
SQUAWK = st.sampled_from(["", "7000", "7700", "7890", "12", "12345", "abcd", " 7000"])
GROUND = st.sampled_from(["0", "1", "-1", "", " 1", "-1 ", "2", "on"])
PLACE = st.one_of(st.just(("51.45735", "-1.02826")), st.just(("", "")), st.tuples(NUMBER, NUMBER))


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line: mostly plain, sometimes strange in one field, sometimes no line at all."""
    plain = draw(st.integers(0, 3)) > 0
    kind = (
        draw(st.sampled_from("12345678")) if plain else draw(st.sampled_from(["3", "", "2 ", "22"]))
    )
    lat, lon = draw(PLACE)
    day, clock = ("2024/06/01", draw(CLOCK)) if plain else (draw(DAY), draw(CLOCK))
    logged = (day, clock) if plain else (draw(DAY), draw(CLOCK))
    fields = [draw(st.sampled_from(["MSG"] * 9 + ["STA", "msg", ""])), kind, "1", "1", draw(ADDRESS), "1", day, clock, *logged, draw(CALLSIGN), draw(NUMBER), draw(NUMBER), draw(NUMBER), lat, lon, draw(NUMBER), draw(SQUAWK), "0", "0", "0", draw(GROUND)]  # fmt: skip
    if draw(st.integers(0, 15)) == 0:
        fields = fields[: draw(st.integers(0, 21))] + draw(st.lists(st.just("x"), max_size=3))
    ending = draw(st.sampled_from(["\r\n"] * 6 + ["\n", " \n", "\r\r\n", "\n\n", "\x00\n"]))
    return (",".join(fields) + ending).encode()


def outcome(reader: SbsReader, batches: list[Fixes]) -> tuple[object, ...]:
    """Everything that a reader has made of what it read."""
    columns = {name: np.concatenate([getattr(one, name) for one in batches]) for name in COLUMNS}
    told = reader.told.handed_over()
    return (
        {name: column.tobytes() for name, column in columns.items()},
        [reader.names.texts[code] for code in columns["aircraft"]],
        [reader.callsigns.texts[code] if code >= 0 else "" for code in columns["callsign"]],
        dict(reader.dropped),
        dict(reader.noted),
        (reader.lines, reader.positions, told),
    )


def read(compiler: Compiler, data: bytes, cuts: list[int], received_at: int | None) -> object:
    reader = SbsReader(compiler=compiler)
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[a:b] for a, b in itertools.pairwise(ends)] or [b""]
    return outcome(reader, [reader.feed(piece, received_at=received_at) for piece in pieces])


@settings(max_examples=120, deadline=None)
@given(
    st.lists(lines(), max_size=8).map(b"".join),
    st.lists(st.integers(0, 2_000), max_size=4),
    st.sampled_from([None, NOON_US, NOON_US + 3 * 3_600_000_000, NOON_US + 450_000_000, 1]),
)
@example(b"\n\n\r\n", [], None)
@example(b"MSG,3,1,1,4CA2D6,1,,,,,,,,,,,,,,,,\n", [], NOON_US)
def test_compiled_and_plain_code_read_the_same(
    compiler: Compiler, data: bytes, cuts: list[int], received_at: int | None
):
    assert read(compiler, data, cuts, received_at) == read(NEVER, data, cuts, received_at)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.lists(lines(), max_size=2), st.lists(st.integers(0, 400)))
def test_compiled_and_plain_code_drop_the_same(
    compiler: Compiler, noise: bytes, around: list[bytes], cuts: list[int]
):
    data = b"".join(around) + noise + b"\n" + b"".join(around)
    assert read(compiler, data, cuts, NOON_US) == read(NEVER, data, cuts, NOON_US)


def test_a_reader_that_changes_over_while_it_reads_goes_on_as_before(compiler: Compiler):
    line = b"MSG,%d,1,1,4CA2D6,1,2024/06/01,12:00:%02d.000,2024/06/01,12:00:%02d.000,%s,%s,,,%s,,,0,0,0,0\r\n"  # fmt: skip
    said = [
        line % (1, 0, 0, b"RYR1427", b"", b","),
        line % (5, 1, 1, b"", b"37000", b","),
        line % (3, 2, 2, b"", b"", b"51.0,-1.0"),
        line % (3, 3, 3, b"", b"38000", b"51.1,-1.1"),
    ]
    mine, plain = SbsReader(compiler=Compiler()), SbsReader(compiler=NEVER)
    batches = [mine.feed(one, received_at=NOON_US) for one in said[:2]]
    mine._compiler = compiler
    batches += [mine.feed(one, received_at=NOON_US) for one in said[2:]]
    assert outcome(mine, batches) == outcome(
        plain, [plain.feed(one, received_at=NOON_US) for one in said]
    )
    assert batches[-1].callsigns[batches[-1].callsign[0]] == "RYR1427"


def test_a_flood_of_addresses_starts_the_tables_anew(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sbs, "MOST_NAMES", 500)
    line = b"MSG,3,1,1,%06X,1,2024/06/01,12:00:00.000,2024/06/01,12:00:00.000,C%d,,,,51.0,-1.0,,,0,0,0,0\n"  # fmt: skip
    reader = SbsReader(compiler=compiler)
    for first in range(1, 2_001, 250):
        data = b"".join(line % (k, k) for k in range(first, first + 250))
        batch = reader.feed(data, received_at=NOON_US)
        assert [batch.names[code] for code in batch.aircraft] == [
            f"{k:06x}" for k in range(first, first + 250)
        ]
        assert batch.callsigns[batch.callsign[-1]] == f"C{first + 249}"
    assert reader.noted["tables_started_anew"] == 2
    assert len(reader.names.texts) <= 750


def test_the_constants_of_both_are_the_same(compiler: Compiler):
    assert compiler.module.APART_US == sbs.APART_US
    assert compiler.module.KEPT_US == sbs.KEPT_US
    assert (compiler.module.QUARTER_US, compiler.module.ZONES_US) == (sbs._QUARTER_US, sbs._ZONES_US)  # fmt: skip


def test_nothing_is_compiled_for_a_feed_that_brings_little():
    compiler = Compiler()
    reader = SbsReader(compiler=compiler)
    reader.feed(b"hello\n" * 1_000)
    assert compiler._worker is None
    assert compiler.module is None
