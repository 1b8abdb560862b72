"""From a bundle to the files of the project that serves it."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from mlpack.core.errors import CorruptFileError, MissingLibraryError
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.errors import StartError
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.service.golden import read_golden
from mlpack.scaffold.clients import clients_of
from mlpack.scaffold.example import Example, example_of
from mlpack.scaffold.folder import RUNTIME, Files
from mlpack.scaffold.proto import PROTO, compile_proto
from mlpack.scaffold.proto import context as messages_of
from mlpack.scaffold.requirements import INSTALL, Lock
from mlpack.scaffold.schema import schema_source
from mlpack.scaffold.templates import render

_COPIED = frozenset({".py", ".pyi", ".proto"})
_AGAIN = "pack the model again: mlpack pack MODEL -o NAME.mlpack"
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")


def service_files(manifest: Manifest) -> Files:
    """What a service runs on, but for its model and the runtime: app, types and messages, by path.

    Raises CorruptFileError for a bundle that has no readable golden predictions, or names that are no text.
    """
    return _service(manifest, example_of_bundle(manifest))


def project_files(manifest: Manifest, lock: Lock | None) -> Files:
    """All of a project: `service_files`, the bundle, and what its owner reads, tests and installs it with."""
    example = example_of_bundle(manifest)
    context = {
        "name": _NO_NAME.sub("-", manifest.name).strip("-").lower() or "model",
        "title": _markdown(f"{manifest.name} {manifest.version}"),
        "clients": clients_of(manifest, example.request),
        "install": lock.install if lock else INSTALL,
    }
    own = {
        ".gitignore": render("service/gitignore.j2", context),
        "README.md": render("service/README.md.j2", context),
        "pyproject.toml": render("service/pyproject.toml.j2", context),
        "tests/golden.json": example.all_text + "\n",
        "tests/test_golden.py": render("service/test_golden.py.j2", context),
        **({"requirements.txt": lock.text} if lock else {}),
    }
    bundle = {f"model/{path.name}": path for path in sorted(manifest.folder.iterdir())}
    return {
        **_service(manifest, example),
        **runtime_files(),
        **{path: text.encode() for path, text in own.items()},
        **bundle,
    }


def runtime_files() -> Files:
    """The runtime as it stands, by its path in a project."""
    found = sorted(path for path in RUNTIME.rglob("*") if path.suffix in _COPIED)
    return {f"runtime/{path.relative_to(RUNTIME).as_posix()}": path for path in found}


def _service(manifest: Manifest, example: Example) -> Files:
    proto = render("service/model.proto.j2", messages_of(manifest.signature, manifest.name))
    own = {
        "app.py": render("service/app.py.j2", {}),
        "example.json": example.text + "\n",
        PROTO: proto,
        "schema.py": schema_source(manifest.signature),
    }
    return {**{path: text.encode() for path, text in own.items()}, **_compiled(proto)}


def _compiled(proto: str) -> Files:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / PROTO).write_text(proto, encoding="utf-8")
        compile_proto(folder)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != PROTO}


def example_of_bundle(manifest: Manifest) -> Example:
    """Golden rows of a bundle. Raises CorruptFileError."""
    _check_signature(manifest)
    try:
        golden = read_golden(manifest.folder, manifest.signature)
    except StartError as error:
        raise CorruptFileError(error.message, why=error.why, hint=_AGAIN) from error
    return example_of(golden, manifest.signature)


def _check_signature(manifest: Manifest) -> None:
    """Raises CorruptFileError for one that contradicts itself, and for names that are no text.

    Python has halves of surrogate pairs in its strings; JSON and protobuf do not.
    """
    try:
        json.dumps([manifest.name, manifest.version, manifest.signature.to_json()], ensure_ascii=False).encode()
        Rows(manifest.signature)
    except UnicodeEncodeError as error:
        raise CorruptFileError(f"{manifest.folder} has names that are no Unicode text", hint=_AGAIN) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise CorruptFileError(
            f"the signature of {manifest.folder} contradicts itself", why=str(error), hint=_AGAIN
        ) from error
    except ImportError as error:
        raise MissingLibraryError(f"the model needs {error.name}", hint=f"pip install {error.name}") from error


def _markdown(text: str) -> str:
    """``text`` on one line of Markdown, as it is read."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    return re.sub(r"([\\`*_{}\[\]<>()#+!|&~])", r"\\\1", line)
