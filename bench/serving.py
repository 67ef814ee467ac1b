"""The server as its users meet it: the door over HTTP, small answers, the map, the stream, `--help`.

Run: `python bench/serving.py [--records N] [--pages N]`. The real program (`truceline up`) runs as
a process of its own; its CPU time is read from the kernel, so that the client's does not count.
Beside it the peer of the same run: a bare ASGI application with orjson on the same server.

Floors: 5,000 small answers per core second; p99 under 100 ms from a record to 1,000 open
pages; the map page of all demonstration zones under 100 ms; `--help` under 0.5 s of CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.api.server import Server, running
from tests.api.world import token_for
from tests.support.assembly import Assembly, agreed, founded, report

WRITERS = 8
IN_FLIGHT = 8
BATCH = 16
"""Records in one request; a connection answers its requests one after another."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PEER = """
import orjson, sys, uvicorn
body = orjson.dumps({"ok": True, "version": "0", "writes": True, "size": 1, "behind": 0})
async def app(scope, receive, send):
    if scope["type"] != "http": return
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", loop="uvloop", http="httptools", lifespan="off")
"""


def main() -> int:
    """Measure and print; the exit code says whether the floors were met."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--records", type=int, default=8_000)
    asked.add_argument("--pages", type=int, default=1_000)
    chosen = asked.parse_args()
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (8_192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    met = _help()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        met &= _server(folder, chosen.records, chosen.pages)
    _peer()
    with tempfile.TemporaryDirectory() as place:
        met &= _map(Path(place))
    return 0 if met else 1


# -- the parts ---------------------------------------------------------------------------


def _help() -> bool:
    costs = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "truceline.cli", "--help"]
        subprocess.run(command, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    cost = statistics.median(costs)
    print(f"truceline --help: {cost:.2f} s of CPU (floor 0.5)")
    return cost < 0.5


def _server(folder: Path, records: int, pages: int) -> bool:
    codes = tuple(f"b{number}" for number in range(WRITERS))
    assembly = Assembly(codes=codes)
    with founded(folder, assembly) as installation:
        for one in agreed(installation, assembly):
            installation.door.submit(one).taken()
        keys = [token_for(installation, f"{code}-1") for code in codes]
    each = records // WRITERS // 2
    signed = [[report(assembly, f"{code}-1") for _ in range(each * 2)] for code in codes]
    single = [
        [_post(one, key) for one in some[:each]] for some, key in zip(signed, keys, strict=True)
    ]
    together = [
        [_batch(some[at : at + BATCH], key) for at in range(each, each * 2, BATCH)]
        for some, key in zip(signed, keys, strict=True)
    ]
    with running(folder / "data") as server:
        with _cpu(server) as spent:
            took, waits = asyncio.run(_pipelined(server.url, single))
        _line("door over HTTP, 8 writers, a record each", each * WRITERS, took, waits, spent())
        with _cpu(server) as spent:
            took, waits = asyncio.run(_pipelined(server.url, together))
        _line(f"door over HTTP, 8 writers, {BATCH} together", each * WRITERS, took, waits, spent())
        met = _small(server)
        extra = [_post(report(assembly, "b0-1"), keys[0]) for _ in range(20)]
        return _stream(server, pages, extra, keys[0]) and met


def _small(server: Server) -> bool:
    met = True
    for path in ("/healthz", "/api/me", "/api/zones"):
        request = f"GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()
        sent = [[request] * 1_000 for _ in range(WRITERS)]
        with _cpu(server) as spent:
            took, waits = asyncio.run(_pipelined(server.url, sent))
        rate = _line(f"GET {path}", 8_000, took, waits, spent())
        met &= path != "/healthz" or rate >= 5_000
    return met


def _stream(server: Server, pages: int, sent: Sequence[bytes], key: str) -> bool:
    with _cpu(server) as spent:
        waits = asyncio.run(_listened(server, pages, sent, key))
    waits.sort()
    p99 = waits[int(len(waits) * 0.99)] * 1000
    print(
        f"{'event to ' + str(pages) + ' open pages':44} p50 {statistics.median(waits) * 1000:.0f} ms, "
        f"p99 {p99:.0f} ms, {len(waits)} deliveries, {spent():.2f} s of CPU"
    )
    return p99 < 100 or pages < 1_000


def _peer() -> None:
    port = 18_431
    peer = subprocess.Popen([sys.executable, "-c", _PEER, str(port)])
    try:
        server = Server(peer, f"http://127.0.0.1:{port}", "")  # type: ignore[arg-type]  # its pid is all we ask
        _wait_for(port)
        request = b"GET / HTTP/1.1\r\nhost: bench\r\n\r\n"
        with _cpu(server) as spent:
            took, waits = asyncio.run(_pipelined(server.url, [[request] * 2_000] * WRITERS))
        _line("peer: bare ASGI and orjson, same server", 16_000, took, waits, spent())
    finally:
        peer.terminate()
        peer.wait(10)


def _map(folder: Path) -> bool:
    data = folder / "demo"
    command = [sys.executable, "-m", "truceline.cli", "demo", "--headless", "--data", str(data)]
    environment = {**os.environ, "HOME": str(folder)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    os.environ["HOME"] = str(folder)
    with running(data) as server, server.client() as client:
        client.get("/api/places", params={"bbox": "36,33,37,34"})
        times = []
        for day in range(1, 11):
            began = time.perf_counter()
            made = client.get("/api/zones.geojson", params={"at": f"2017-08-{day:02}T12:00:00Z"})
            times.append((time.perf_counter() - began) * 1000)
        again = []
        for _ in range(20):
            began = time.perf_counter()
            client.get("/api/zones.geojson", params={"at": "2017-08-10T12:00:00Z"})
            again.append((time.perf_counter() - began) * 1000)
    print(
        f"zones.geojson of the demonstration ({len(made.content) // 1024} KiB): first "
        f"{times[0]:.0f} ms, another moment {statistics.median(times[1:]):.0f} ms, kept "
        f"{statistics.median(again):.1f} ms (floor 100)"
    )
    return statistics.median(times[1:]) < 100


# -- a client that costs little ------------------------------------------------------------


async def _pipelined(url: str, sent: Sequence[Sequence[bytes]]) -> tuple[float, list[float]]:
    """Send each list over a connection of its own, several requests unanswered at a time."""
    waits: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(_writer(url, one, waits) for one in sent))
    return time.perf_counter() - began, waits


async def _writer(url: str, requests: Sequence[bytes], waits: list[float]) -> None:
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    room = asyncio.Semaphore(IN_FLIGHT)
    started: list[float] = []

    async def send() -> None:
        for one in requests:
            await room.acquire()
            started.append(time.perf_counter())
            writer.write(one)
            await writer.drain()

    async def read() -> None:
        for number in range(len(requests)):
            status, length = await _head(reader)
            body = await reader.readexactly(length)
            if status != 200:
                raise SystemExit(f"answered {status}: {body[:300]!r}")
            waits.append(time.perf_counter() - started[number])
            room.release()

    await asyncio.gather(send(), read())
    writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(one[15:]) for one in lines if one.startswith(b"content-length:"))
    return int(lines[0].split()[1]), length


async def _listened(server: Server, pages: int, sent: Sequence[bytes], key: str) -> list[float]:
    """Open pages, submit records one by one, and note when each page heard of each."""
    where = urlsplit(server.url)
    waits: list[float] = []
    sent_at: list[float] = []
    ready = asyncio.Semaphore(0)

    async def page() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        head = f"GET /api/events HTTP/1.1\r\nhost: bench\r\n{_bearer(key)}\r\n"
        writer.write(head.encode())
        await reader.readuntil(b"retry: 2000")
        ready.release()
        for number in range(len(sent)):
            await reader.readuntil(b"event: record")
            waits.append(time.perf_counter() - sent_at[number])
        writer.close()

    listening = [asyncio.create_task(page()) for _ in range(pages)]
    for _ in range(pages):
        await ready.acquire()
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    for one in sent:
        writer.write(one)
        _, length = await _head(reader)
        await reader.readexactly(length)
        sent_at.append(time.perf_counter())
        await asyncio.sleep(0.35)
    await asyncio.wait_for(asyncio.gather(*listening), 30)
    return waits


# -- small things ------------------------------------------------------------------------


def _bearer(key: str) -> str:
    return f"authorization: Bearer {key}\r\n"


def _post(envelope: bytes, key: str) -> bytes:
    body = b'{"envelope":' + envelope + b',"disclosures":[]}'
    head = "POST /api/records HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    head += _bearer(key)
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _batch(envelopes: Sequence[bytes], key: str) -> bytes:
    inner = b",".join(b'{"envelope":%s,"disclosures":[]}' % one for one in envelopes)
    body = b'{"submissions":[%s]}' % inner
    head = "POST /api/records/batch HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    head += _bearer(key)
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def _cpu(server: Server) -> Iterator[Callable[[], float]]:
    """Give what the server's process spent of CPU since the block began, in seconds."""
    before = _spent(server)
    yield lambda: _spent(server) - before


def _spent(server: Server) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _line(name: str, count: int, took: float, waits: list[float], spent: float) -> float:
    waits.sort()
    rate = count / spent if spent else float("inf")
    print(
        f"{name:44} {count / took:8,.0f}/s wall, {rate:8,.0f} per CPU s, "
        f"p50 {statistics.median(waits) * 1000:.1f} ms, p99 {waits[int(len(waits) * 0.99)] * 1000:.1f} ms"
    )
    return rate


def _wait_for(port: int) -> None:
    import socket

    for _ in range(100):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
