"""Walks an HDF5 file by its links and shapes, and refuses what reaches out of it. No data is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, UnsafeFileError

MAGIC = b"\x89HDF\r\n\x1a\n"
_MAX_OBJECTS = 1_000_000
_MAX_TEXT = 64 << 20


def is_hdf5(path: Path, head: bytes) -> bool:
    """Whether the file is HDF5. A user block of 512, 1024... bytes may stand before it."""
    if head.startswith(MAGIC):
        return True
    size, offset = path.stat().st_size, 512
    with path.open("rb") as file:
        while offset < min(size, 1 << 20):
            file.seek(offset)
            if file.read(len(MAGIC)) == MAGIC:
                return True
            offset *= 2
    return False


@contextmanager
def open_hdf5(name: str, content: Any) -> Iterator[Any]:
    """The h5py.File over a path or file object. Raises CorruptFileError, also for what fails while it is open."""
    import h5py

    try:
        with h5py.File(content, "r") as file:
            yield file
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise CorruptFileError(
            f"{name} is damaged or truncated",
            why=f"its HDF5 structure cannot be read: {error}",
            hint="copy or download the file again",
        ) from error


def text_attribute(file: Any, key: str, name: str) -> str:
    """A text attribute of the root; empty where there is none. Raises CorruptFileError for one that claims absurd sizes."""
    import h5py

    if key not in file.attrs:
        return ""
    attribute = h5py.h5a.open(file.id, key.encode())
    if attribute.shape or attribute.get_storage_size() > _MAX_TEXT:
        raise CorruptFileError(
            f"{name} is damaged", why=f"its attribute {key} is no text", hint="copy or download the file again"
        )
    value = file.attrs[key]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def dataset_shapes(file: Any, name: str) -> Mapping[str, tuple[int, ...]]:
    """The shape of every dataset by its path. Raises UnsafeFileError for links out of the file and foreign storage."""
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}
    pending: list[tuple[str, Any]] = [("", file)]
    seen: set[int] = set()
    while pending:
        prefix, group = pending.pop()
        for key in group:
            path = f"{prefix}/{key}"
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise _refused(name, f"{path} is a link to another place")
            item = group[key]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > _MAX_OBJECTS:
                raise _refused(name, f"it has over {_MAX_OBJECTS:,} objects")
            if isinstance(item, h5py.Group):
                pending.append((path, item))
            elif isinstance(item, h5py.Dataset):
                shapes[path] = _checked_shape(item, name, path)
            else:
                raise _refused(name, f"{path} is neither a group nor a dataset")
    return shapes


def _checked_shape(dataset: Any, name: str, path: str) -> tuple[int, ...]:
    if dataset.external:
        raise _refused(name, f"the data of {path} lie in another file")
    if dataset.is_virtual:
        raise _refused(name, f"{path} is put together from other files")
    kind = dataset.dtype.kind
    if kind == "V" or (kind == "O" and not _is_text(dataset.dtype)):
        raise _refused(name, f"{path} holds {dataset.dtype}, which no weight is")
    shape: tuple[int, ...] = tuple(dataset.shape or ())
    return shape


def _is_text(dtype: Any) -> bool:
    import h5py

    return h5py.check_string_dtype(dtype) is not None


def _refused(name: str, why: str) -> UnsafeFileError:
    return UnsafeFileError(f"{name} is refused", why=why, hint="save the model again: model.save(...)")
