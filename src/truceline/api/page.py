"""The control room as it is served: files of the built page, and the basemap. No other host is asked.

The names of built files carry their hash, so they are kept for ever; `index.html` is
asked for each time. The policy: nothing from elsewhere, ever.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

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


@router.get("/")
@router.get("/index.html")
def index() -> Response:
    """Serve the page, or say how to build it."""
    file = PAGE / "index.html"
    headers = {**HEADERS, "cache-control": "no-cache"}
    if not file.is_file():
        return HTMLResponse(_MISSING, headers=headers)
    return FileResponse(file, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/basemap/{path:path}")
def basemap(path: str) -> Response:
    """Serve a file of the bundled basemap (Natural Earth)."""
    return _file(BASEMAP, path, "public, max-age=86400")


@router.get("/{path:path}")
def asset(path: str) -> Response:
    """Serve a file of the page; names with a hash in them are kept for ever."""
    return _file(PAGE, path, _FOR_EVER if path.startswith("assets/") else "no-cache")


def _file(folder: Path, path: str, cache: str) -> Response:
    """The file, if it truly lies in the folder: `..`, links out and folders find nothing."""
    file = (folder / path).resolve() if "\0" not in path else folder
    if not file.is_relative_to(folder.resolve()) or not file.is_file():
        raise Refused(Reason.NOT_FOUND, where=f"/{path[:80]}", detail="there is no such page")
    return FileResponse(file, headers={**HEADERS, "cache-control": cache})
