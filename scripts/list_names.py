"""Writes the lists of names that model files may use, from models made here with the libraries that are installed.

python scripts/list_names.py [--fresh]

What the installed versions use is added to what other versions were seen to use; ``--fresh`` forgets the others.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main(*, fresh: bool) -> None:
    from names import list_files
    from names.corpus import corpus
    from names.seen import uses_of
    from names.tensors import tensor_names

    warnings.simplefilter("ignore")
    uses = chain(uses_of(corpus()), tensor_names() if find_spec("torch") else ())
    for library, seen in sorted(list_files.by_library(uses).items()):
        shipped = {} if fresh else list_files.read(library)
        version = list_files.version_of(library)
        names = list_files.merged(shipped, seen, version)
        list_files.write(library, names)
        print(f"{library} {version}: {len(seen)} uses, {len(names)} with those of other versions")


if __name__ == "__main__":
    main(fresh="--fresh" in sys.argv[1:])
