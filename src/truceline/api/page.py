"""The control room as it is served: files of the built page, and the basemap. No other host is asked.

The names of built files carry their hash, so they are kept for ever; `index.html` is
asked for each time. What compresses well is compressed once and kept in memory. The
policy: nothing from elsewhere, ever.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from truceline.errors import Reason, Refused

router = APIRouter(include_in_schema=False)

PAGE = Path(__file__).parent / "page"
BASEMAP = Path(__file__).parent / "basemap"

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; font-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_TEXT = frozenset((".js", ".mjs", ".css", ".html", ".svg", ".json", ".geojson", ".txt", ".map"))
_WORTH_IT = 1_024  # bytes: below that the header costs what is won
_MISSING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Truceline</title>
<body><h1>Truceline is running</h1>
<p>The page was not built into this copy. Build it with <code>make page</code> and load again.</p>
<p>The interface for programs is at <a href="/openapi.json">/openapi.json</a>, the log at
<a href="/log/checkpoint">/log/checkpoint</a>.</p></body></html>"""

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("application/geo+json", ".geojson")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/wasm", ".wasm")


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of the page in memory, once as it is and once compressed, named by its hash."""

    data: bytes
    packed: bytes
    tag: str


@lru_cache(maxsize=256)
def _piece(file: Path, _changed_ns: int, size: int) -> Piece:
    """Read and compress a file; again only when it has changed on the disk."""
    data = file.read_bytes()
    packed = b""
    if file.suffix in _TEXT and size >= _WORTH_IT:
        packed = gzip.compress(data, 9, mtime=0)
    return Piece(data, packed, hashlib.sha256(data).hexdigest()[:32])


@router.get("/")
@router.get("/index.html")
def index(request: Request) -> Response:
    """Serve the page, or say how to build it."""
    file = PAGE / "index.html"
    if not file.is_file():
        return HTMLResponse(_MISSING, headers={**HEADERS, "cache-control": "no-cache"})
    return _served(request, file, "text/html; charset=utf-8", "no-cache")


@router.get("/basemap/{path:path}")
def basemap(request: Request, path: str) -> Response:
    """Serve a file of the bundled basemap (Natural Earth)."""
    return _file(request, BASEMAP, path, "public, max-age=86400")


@router.get("/{path:path}")
def asset(request: Request, path: str) -> Response:
    """Serve a file of the page; names with a hash in them are kept for ever."""
    return _file(request, PAGE, path, _FOR_EVER if path.startswith("assets/") else "no-cache")


def _file(request: Request, folder: Path, path: str, cache: str) -> Response:
    """The file, if it truly lies in the folder: `..`, links out and folders find nothing."""
    file = (folder / path).resolve() if "\0" not in path else folder
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise Refused(Reason.NOT_FOUND, where=f"/{path[:80]}", detail="there is no such page")
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return _served(request, file, media_type + charset, cache)


def _served(request: Request, file: Path, media_type: str, cache: str) -> Response:
    """The file in the form that the browser takes, or the word that it has it already."""
    seen = file.stat()
    piece = _piece(file, seen.st_mtime_ns, seen.st_size)
    takes = request.headers.get("accept-encoding", "")
    packed = bool(piece.packed) and any(one.strip() == "gzip" for one in takes.split(","))
    tag = f'"{piece.tag}-gz"' if packed else f'"{piece.tag}"'
    headers = {**HEADERS, "cache-control": cache, "etag": tag, "vary": "accept-encoding"}
    if tag in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    return Response(piece.packed if packed else piece.data, media_type=media_type, headers=headers)
