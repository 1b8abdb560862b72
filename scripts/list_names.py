"""Writes the lists of names that model files may use, from models made here with the libraries that are installed.

python scripts/list_names.py [--older] [--fresh] [--check]

What the installed versions use is added to what other versions were seen to use. ``--older`` does the same with each older
generation of the libraries, in an environment of its own; ``--fresh`` forgets what was listed before; ``--check`` writes
nothing, and ends with an error where a file of these versions would not be called safe.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import warnings
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main(*, older: bool, fresh: bool, check: bool) -> None:
    from names import generations
    from names.corpus import corpus
    from names.seen import findings_of

    warnings.simplefilter("ignore")
    if check:
        found = list(findings_of(corpus()))
        sys.exit("\n".join(found) if found else None)
    write(fresh=fresh)
    for generation in generations.OLDER if older else ():
        with generations.environment(generation) as python:
            subprocess.run([python, __file__], check=True)


def write(*, fresh: bool) -> None:
    """The lists, with what the installed versions use."""
    from names import list_files
    from names.corpus import corpus
    from names.seen import uses_of
    from names.tensors import tensor_names

    uses = chain(uses_of(corpus()), tensor_names() if find_spec("torch") else ())
    for library, seen in sorted(list_files.by_library(uses).items()):
        shipped = {} if fresh else list_files.read(library)
        version = list_files.version_of(library)
        names = list_files.merged(shipped, seen, version)
        list_files.write(library, names)
        print(f"{library} {version}: {len(seen)} uses, {len(names)} with those of other versions")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for option in ("older", "fresh", "check"):
        parser.add_argument(f"--{option}", action="store_true")
    main(**vars(parser.parse_args()))
