"""Writes the lists of layers and operators that graphs may be made of, from the libraries that are installed.

python scripts/list_graph_names.py [--fresh] [keras_layers tf_keras torchscript_operators onnx_operators]

What the installed versions have is added to what other versions were seen to have; ``--fresh`` forgets the others.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from graph_names.keras_names import keras_names, tf_keras_names  # noqa: E402
from graph_names.onnx_names import onnx_names  # noqa: E402
from graph_names.torchscript_names import torchscript_names  # noqa: E402

LISTS = HERE.parent / "mlpack" / "scan" / "lists" / "graphs"
Names = dict[str, dict[str, list[str]]]
SOURCES: dict[str, tuple[str, Callable[[], tuple[str, Names]]]] = {
    "keras_layers": ("keras_layers", keras_names),
    "tf_keras": ("keras_layers", tf_keras_names),
    "torchscript_operators": ("torchscript_operators", torchscript_names),
    "onnx_operators": ("onnx_operators", onnx_names),
}


def main(arguments: list[str]) -> None:
    """Add what each named source has to its list; all but Keras 2, which needs an environment of its own, by default."""
    fresh = "--fresh" in arguments
    for source in [name for name in arguments if name != "--fresh"] or [name for name in SOURCES if name != "tf_keras"]:
        target, read = SOURCES[source]
        path = LISTS / f"{target}.json"
        document = {"versions": []} if fresh or not path.exists() else json.loads(path.read_text(encoding="utf-8"))
        version, names = read()
        document["versions"] = sorted({*document["versions"], version})
        for part, by_module in names.items():
            document[part] = merged(document.get(part, {}), by_module)
        path.write_text(written(document), encoding="utf-8")
        print(f"{path.name}: {version}, {path.stat().st_size:,} bytes")


def merged(earlier: dict[str, list[str]], later: dict[str, list[str]]) -> dict[str, list[str]]:
    """Both, in order."""
    return {key: sorted({*earlier.get(key, ()), *later.get(key, ())}) for key in sorted({*earlier, *later})}


def written(document: dict[str, object]) -> str:
    """JSON with a line a name, so that a diff shows each."""
    return json.dumps(document, indent=0, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])
