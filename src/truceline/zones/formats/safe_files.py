"""XML and archives from strangers: read without being blown up.

XML with a document type declaration is refused outright: entity expansion, external
entities and parameter entities all need one, and no zone file does. An archive is
refused by what it says it holds before anything is unpacked, and again by what comes
out: sizes in an archive's directory can lie.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from lxml import etree

from truceline.errors import Malformed, Reason
from truceline.zones.formats.reading import MAX_BYTES

MAX_MEMBERS = 1_000
MAX_RATIO = 200
"""Text of coordinates packs to a tenth; two hundred times is no zone file."""

MAX_DEPTH = 64
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError),
    *(OSError, ValueError, LookupError),
)
"""What `zipfile` raises on archives that are damaged, truncated or made to hurt."""

_DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def parse_xml(data: bytes, *, name: str) -> Any:
    """Return the root element; refuses a DTD, nesting deeper than `MAX_DEPTH`, and what is not XML."""
    if _DECLARATION.search(data) or _DECLARATION.search(_as_ascii(data)):
        raise Malformed(
            Reason.UNSAFE_XML,
            where=name,
            detail="the file declares a document type or entities, by which a small file can grow without end",
            remedy="Remove the <!DOCTYPE ...> part; no zone file needs it",
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = Reason.UNSAFE_XML if "depth" in str(error) else Reason.BAD_FORMAT
        raise Malformed(reason, where=name, detail=f"not well-formed XML: {error}") from None
    _check_depth(root, name)
    return root


def _as_ascii(data: bytes) -> bytes:
    """UTF-16 and UTF-32 with the zero bytes taken out, so that a declaration cannot hide in them."""
    return data.replace(b"\x00", b"") if b"\x00" in data[:64] else b""


def _check_depth(root: Any, name: str) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise Malformed(
                Reason.UNSAFE_XML, where=name, detail=f"elements are nested deeper than {MAX_DEPTH}"
            )
        level = [child for element in level for child in element]


def unpack_one(data: bytes, *, name: str, wanted: Callable[[str], bool]) -> tuple[str, bytes]:
    """Return name and bytes of the first wanted member of a zip archive.

    Refuses too many members, members that unpack to more than `MAX_BYTES` or
    `MAX_RATIO` times their size, encrypted ones, and an archive without a wanted one.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members, name)
            chosen = [one for one in members if wanted(one.filename)]
            if not chosen:
                raise Malformed(
                    Reason.BAD_FORMAT, where=name, detail="the archive holds no zone document"
                )
            with archive.open(chosen[0]) as stream:
                unpacked = stream.read(MAX_BYTES + 1)
    except _BROKEN as error:
        raise Malformed(
            Reason.UNSAFE_ARCHIVE, where=name, detail=f"not a readable zip archive: {error}"
        ) from None
    if len(unpacked) > MAX_BYTES:
        raise _bomb(name, chosen[0].filename)
    return chosen[0].filename, unpacked


def unpacked(data: bytes, *, name: str, ending: str) -> bytes:
    """Return a document as it is, or out of the gzip or zip around it; refuses a bomb."""
    if data[:4] == b"PK\x03\x04":
        return unpack_one(data, name=name, wanted=lambda one: one.lower().endswith(ending))[1]
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        stream = zlib.decompressobj(wbits=31)
        made = stream.decompress(data, MAX_BYTES + 1)
        finished = stream.eof
    except zlib.error as error:
        raise Malformed(
            Reason.UNSAFE_ARCHIVE, where=name, detail=f"not a readable gzip file: {error}"
        ) from None
    if len(made) > MAX_BYTES or (len(made) > 2**20 and len(made) / len(data) > MAX_RATIO):
        raise _bomb(name, "its content")
    if not finished:
        raise Malformed(Reason.UNSAFE_ARCHIVE, where=name, detail="the gzip file is cut off")
    return made


def _check_members(members: list[zipfile.ZipInfo], name: str) -> None:
    if len(members) > MAX_MEMBERS:
        raise Malformed(
            Reason.UNSAFE_ARCHIVE,
            where=name,
            detail=f"the archive has {len(members)} members; the most is {MAX_MEMBERS}",
        )
    for one in members:
        if one.flag_bits & 1:
            raise Malformed(
                Reason.UNSAFE_ARCHIVE,
                where=f"{name}, {one.filename}",
                detail="the member is encrypted",
            )
        packed = max(one.compress_size, 1)
        if one.file_size > MAX_BYTES or (
            one.file_size > 2**20 and one.file_size / packed > MAX_RATIO
        ):
            raise _bomb(name, one.filename)


def _bomb(name: str, member: str) -> Malformed:
    return Malformed(
        Reason.UNSAFE_ARCHIVE,
        where=f"{name}, {member}",
        detail="the member unpacks to far more than it weighs",
        remedy=f"Send the document itself, at most {MAX_BYTES} bytes",
    )
