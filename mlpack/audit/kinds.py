"""What a file is that is no model: text, an image or a table, which a scan passes over, or an archive, which it does not."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from mlpack.scan.archives import is_zip
from mlpack.scan.compression import compression_of, first_bytes

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x7f]")
_PLAIN: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1\x00\x00", "an Arrow table"),
    (b"FEA1", "a Feather table"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_ARCHIVES: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a part of a zip archive"),
    (b"PK00PK", "a part of a zip archive"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"LZIP", "lzip-compressed data"),
    (b"\x1f\x9d", "compress(1)ed data"),
    (b"MSCF", "a CAB archive"),
    (b"!<arch>\n", "an ar archive"),
    (b"070701", "a cpio archive"),
    (b"070707", "a cpio archive"),
    (b"xar!", "a xar archive"),
)
_DOCUMENT_PARTS = (".xml", ".rels", ".vml", ".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".svg")
_LFS = "version https://git-lfs"


def plain_kind(head: bytes, names: tuple[str, ...]) -> str:
    """What the file with these first bytes is, where that is text, an image or a table; empty where it may be more.

    ``names`` are its members, for a zip: an Office document holds XML and images alone. The pointer that Git LFS leaves
    in the place of a file is none of these: the file itself was not seen.
    """
    for magic, kind in _PLAIN:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP image"
    if "[Content_Types].xml" in names and all(name.lower().endswith(_DOCUMENT_PARTS) for name in names):
        return "an Office document"
    text = _text(head)
    return "text" if text is not None and not text.startswith(_LFS) else ""


def archive_kind(path: Path, head: bytes) -> str:
    """Which archive or compression the file at ``path`` with these first bytes is; empty for none."""
    for magic, kind in _ARCHIVES:
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar":
        return "a tar archive"
    if is_zip(head):
        return "a zip archive"
    compression = compression_of(head)
    return f"{compression}-compressed data" if compression and first_bytes(path, compression, 1) else ""


def _text(head: bytes) -> str | None:
    """``head`` as text, cut where a character is; None for what is no text."""
    for encoding, mark in (("utf-8", b""), ("utf-16", codecs.BOM_UTF16_LE), ("utf-16", codecs.BOM_UTF16_BE)):
        if head.startswith(mark):
            try:
                text = codecs.getincrementaldecoder(encoding)().decode(head)
            except UnicodeDecodeError:
                continue
            return None if _CONTROLS.search(text) else text
    latin = head.decode("latin-1")
    mostly_ascii = 2 * sum(byte < 0x80 for byte in head) > len(head)
    return latin if mostly_ascii and not _CONTROLS.search(latin) else None
