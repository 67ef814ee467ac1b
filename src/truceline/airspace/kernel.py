"""When the compiled kernel is used, and what happens until it is ready or where it cannot be.

The plain search answers from the first fix. A search that has seen `WARM_ROWS` rows
starts compiling beside it and changes over when that is done; the answers are the
same. Where numba is missing or cannot work, the plain search stays, and `notice`
says why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import shapely

from truceline.airspace.cells import Cells, cells
from truceline.airspace.chart import Chart
from truceline.airspace.fix import Floats, Ints
from truceline.airspace.ground import pairs_plain
from truceline.airspace.measure import Case, Depth, signed_to
from truceline.airspace.rules import SECOND_US, Rules
from truceline.airspace.stay import Stays, stays
from truceline.airspace.track import Rows
from truceline.airspace.verdict import Doubt
from truceline.airspace.vertical import sigmas_ft

WARM_ROWS = 100_000
_BLOCK = 2048


class Kernel:
    """The compiled functions of this process, or the reason why there are none."""

    def __init__(self, exercise: Callable[[Any], None] | None = None) -> None:
        self._exercise = exercise
        self.notice = ""
        self._module: Any = None
        self._worker: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether compiled code can be called without waiting."""
        return self._module is not None

    def start(self) -> None:
        """Begin to compile beside what goes on; does nothing the second time."""
        with self._lock:
            if self._worker is None:
                self._worker = threading.Thread(target=self._load, name="kernel", daemon=True)
                self._worker.start()

    def wait(self) -> bool:
        """Compile now if need be, and say whether the kernel can be used."""
        self.start()
        if self._worker is not None:
            self._worker.join()
        return self.ready

    def module(self) -> Any:
        """The compiled module; call only when ready."""
        return self._module

    def _load(self) -> None:
        try:
            from truceline.airspace import compiled, compiled_path  # noqa: PLC0415 -- numba is heavy

            module = _together(compiled, compiled_path)
            (self._exercise or _exercise)(module)
        except Exception as error:  # noqa: BLE001 -- any failure of the compiler: the plain way is right
            self.notice = (
                "the compiled kernel is not used "
                f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}); "
                "answers are the same and slower"
            )
            return
        if not compiled.CACHED:
            self.notice = (
                "the compiled kernel cannot be kept on this disk and is compiled at each start; "
                "set NUMBA_CACHE_DIR to a folder that can be written"
            )
        self._module = module


KERNEL = Kernel()
"""One for the process: compiling twice would help nobody."""

SWEEPING = Kernel(lambda module: _exercise_sweep(module))  # noqa: PLW0108 -- it is defined below
"""What a sweep needs of it, which is ready sooner."""

AHEAD = Kernel(lambda module: _exercise_ahead(module))  # noqa: PLW0108 -- it is defined below
"""What a look ahead needs of it."""


class Search:
    """Finds the stays of paths in volumes, the fastest way that is ready."""

    def __init__(self, *, kernel: Kernel = KERNEL, warm_rows: int = WARM_ROWS) -> None:
        self._kernel, self._warm = kernel, warm_rows
        self._seen = 0
        self._chart: Chart | None = None
        self._cells: Cells | None = None

    def __call__(self, chart: Chart, rows: Rows) -> Stays:
        """Return the stays of these rows in the volumes of the chart."""
        self._seen += len(rows)
        if not self._kernel.ready:
            if self._seen >= self._warm:
                self._kernel.start()
            return stays(chart, rows, pairs_plain(chart, rows))
        return stays_compiled(self._kernel, chart, self.table(chart), rows)

    def table(self, chart: Chart) -> Cells:
        """Return the table of cells of a chart, made once."""
        if self._cells is None or self._chart is not chart:
            self._chart, self._cells = chart, cells(chart)
        return self._cells

    def measured(
        self, chart: Chart, rows: Rows, found: Stays, rules: Rules
    ) -> list[tuple[Depth, Doubt]] | None:
        """Return depth and doubt of stays in volumes, or None: ask `measure.measured`."""
        if not self._kernel.ready or not len(found):
            return None
        numbers = np.column_stack(
            (found.volume, found.row_in, found.edge_in, found.row_out, found.edge_out)
        )
        made = self._kernel.module().measure(
            _path(rows),
            _quality(rows),
            limits_of(chart),
            _borders(chart),
            _errors(rules),
            numbers,
            np.column_stack((found.share_in, found.share_out)),
        )
        return [
            (
                Depth(*one[:3]),
                Doubt(
                    one[3], one[4], one[5], one[6], one[7], int(one[8]), int(one[9]), one[10] > 0
                ),
            )
            for one in made.tolist()
        ]

    def signed_m(self, chart: Chart, volume: int, lon: Floats, lat: Floats) -> Floats:
        """Return the distance to the border of a volume on the ground, negative outside."""
        if not self._kernel.ready:
            return signed_to(chart, volume, lon, lat)
        apart = self._kernel.module().borders_m(lon, lat, volume, _borders(chart))
        inside = shapely.intersects_xy(chart.areas[volume], lon, lat)
        return np.asarray(np.where(inside, apart, -apart), dtype=np.float64)

    def leave(
        self, case: Case, reach: tuple[int, int], state: tuple[int, int]
    ) -> tuple[int, int, bool] | None:
        """Follow an aircraft after an exit from a simple zone, or None: not ready."""
        if not self._kernel.ready or not case.chart.is_simple(case.zone):
            return None
        rules = case.rules
        found: tuple[int, int, bool] = self._kernel.module().leave(
            _path(case.rows),
            _quality(case.rows),
            limits_of(case.chart),
            _borders(case.chart),
            _errors(rules),
            (rules.exit_m, rules.exit_ft, rules.exit_fixes, round(rules.exit_s * SECOND_US)),
            int(case.chart.zone_first[case.zone]),
            *reach,
            state,
        )
        return found


def stays_compiled(kernel: Kernel, chart: Chart, table: Cells, rows: Rows) -> Stays:
    """Return the stays of these rows by the compiled kernel, which must be ready."""
    numbers, shares = kernel.module().stays_in(
        _path(rows),
        table.volumes,
        table_of(table),
        table.nearest,
        table.heights,
        scratch_for(len(chart.areas), table),
        block(),
    )
    order = np.lexsort((shares[:, 0], numbers[:, 1], numbers[:, 0]))
    numbers, shares = numbers[order], shares[order]
    return Stays(
        volume=numbers[:, 0],
        row_in=numbers[:, 1],
        share_in=shares[:, 0],
        edge_in=numbers[:, 2],
        row_out=numbers[:, 3],
        share_out=shares[:, 1],
        edge_out=numbers[:, 4],
    )


def members(kernel: Kernel, table: Cells, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
    """Return (point, volume) for every volume that each point lies in on the ground."""
    found: tuple[Ints, Ints] = kernel.module().members(lon, lat, *table_of(table))
    return found


def _path(rows: Rows) -> tuple[Any, ...]:
    return (rows.lon, rows.lat, rows.seen_at, rows.height_ft, rows.joins)


def _quality(rows: Rows) -> tuple[Any, ...]:
    return (rows.sigma_m, rows.certain, rows.fix, rows.trusted, rows.band_m, rows.band_ft)


def _errors(rules: Rules) -> tuple[Any, ...]:
    return (*sigmas_ft(rules.qnh_hpa), rules.band_spread)


def _borders(chart: Chart) -> tuple[Any, ...]:
    return (chart.edge_first, chart.edges, chart.block_first, chart.blocks)


def limits_of(chart: Chart) -> tuple[Any, ...]:
    """Return what the kernel asks of the volumes of a chart."""
    return (
        chart.lower_column,
        chart.lower_ft,
        chart.upper_column,
        chart.upper_ft,
        chart.opens_at,
        chart.closes_at,
    )


def table_of(table: Cells) -> tuple[Any, ...]:
    """Return the table of cells as the kernel takes it."""
    return (
        (table.west, table.south, table.size, 1.0 / table.size),
        (table.columns, table.rows),
        table.heads,
        table.cover,
        table.entry,
        table.edges,
        table.reference,
    )


def scratch_for(volumes: int, table: Cells) -> tuple[Any, ...]:
    """Return the room in which the volumes near a segment are listed."""
    return (
        np.full(volumes, -1, np.int64),
        np.empty(volumes + 1, np.int64),
        np.empty(volumes + 1, np.int64),
        np.empty(4 * (table.columns + table.rows) + 64, np.int64),
        np.zeros(1, np.int64),
    )


def block() -> tuple[Any, ...]:
    """Return room for a block of segments, small enough to stay in the cache."""
    return np.empty((_BLOCK, 8), np.int64), np.empty((_BLOCK, 10))


def _together(*modules: Any) -> SimpleNamespace:
    """One name for what several modules compile."""
    return SimpleNamespace(**{k: v for one in modules for k, v in vars(one).items()})


def _exercise(module: Any) -> None:
    """Call each compiled function once with the types of real use."""
    table, near, scratch = _nothing()
    place = np.zeros(2)
    module.members(place, place, *table)
    path = (place, place, np.zeros(2, np.int64), np.zeros((3, 2)), np.zeros(2, np.bool_))
    whole, real = np.zeros(0, np.int64), np.zeros(0)
    limits = (whole, real, whole, real, whole, whole)
    module.stays_in(path, np.zeros((0, 8)), table, *near, scratch, block())
    _exercise_sweep(module)
    flags = np.zeros(2, np.bool_)
    quality, borders = (
        (place, flags, flags, flags, place, place),
        (whole, np.zeros((0, 4)), whole, np.zeros((0, 4))),
    )
    errors = (np.ones(3), np.ones(3), 1.0)
    module.measure(
        path, quality, limits, borders, errors, np.zeros((0, 5), np.int64), np.zeros((0, 2))
    )
    module.borders_m(np.zeros(0), np.zeros(0), 0, borders)
    module.leave(path, quality, limits, borders, errors, (1.0, 1.0, 3, 1), 0, 1, 0, (0, 0))


def _nothing() -> tuple[Any, Any, Any]:
    """A table of one cell with nothing in it, what is near, and room to work."""
    whole = np.zeros(0, np.int64)
    table = (
        (0.0, 0.0, 1.0, 1.0),
        (1, 1),
        np.zeros((2, 2), np.int32),
        np.zeros(0, np.int32),
        np.zeros((1, 2), np.int32),
        np.zeros((0, 4)),
        np.zeros((0, 3)),
    )
    near = np.zeros(1, np.uint8), np.zeros((1, 2), np.float32)
    return table, near, (whole, whole, whole, np.zeros(64, np.int64), np.zeros(1, np.int64))


def _exercise_sweep(module: Any) -> None:
    table, near, scratch = _nothing()
    place = np.zeros(1)
    whole = np.zeros(1, np.int64)
    batch = (np.zeros(1, np.int32), whole, *[place] * 5, np.zeros(1, np.bool_), whole)
    state = (np.zeros((1, 8)), np.full(1, -1, np.int64))
    pool = (np.zeros((1, 10), np.int64), np.zeros((1, 6)), np.full(1, -1, np.int64))
    spent = (np.zeros(8, np.int64), np.zeros(1, np.int64))
    rules, share = (1, 1, 1), (0, 1)
    module.sweep(
        batch, state, pool, spent, np.zeros((0, 8)), table, *near, scratch, block(), rules, share
    )
    module.ended(*state, pool, spent[1], 0)


def _exercise_ahead(module: Any) -> None:
    table, near, scratch = _nothing()
    place = np.zeros(1)
    paths = (place, place, np.zeros(1, np.int64), np.zeros((3, 1)), *[place] * 6)
    degrees = np.ones((2, 1))
    module.ahead(paths, 1.0, 1.0, degrees, np.zeros((0, 8)), table, *near, scratch, block())
