"""Fuzzes one target in this process: ``python -m fuzz.one TARGET SEEDS SCRATCH [options and folders of libFuzzer]``."""

from __future__ import annotations

import codecs
import gc
import importlib
import os
import resource
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from random import Random

import atheris

MOST_BYTES = 1 << 30
"""Memory that one input may take beyond what the libraries have taken."""
_MOST_FILE = 256 << 20
CODECS = ("ascii", "cp437", "latin-1", "raw-unicode-escape", "utf-8", "idna")
CODECS += tuple(f"utf-{width}{order}" for width in (16, 32) for order in ("", "-le", "-be"))
"""Python imports the others when they are asked for by name: no file may choose."""
_OF_LIBFUZZER = 0.15
"""The part of mutations that are libFuzzer's own: bytes, guided by what is compared with them."""


def main(name: str, seeds: Path, scratch: Path, options: Sequence[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    warnings.simplefilter("ignore")
    os.environ.update(HOME=str(scratch), TMPDIR=str(scratch))
    tempfile.tempdir = str(scratch)
    os.chdir(scratch)
    with atheris.instrument_imports(include=["mlpack"]):
        from fuzz.guard import Guard
        from fuzz.outcome import execute
        from fuzz.seeds.reading import read_seeds
        from fuzz.target import all_targets
        from fuzz.words import listed

        from mlpack.formats import all_formats
        from mlpack.scan.rules import all_rules

        target = all_targets()[name]
        for library in target.libraries:
            importlib.import_module(library)
        for codec in CODECS:
            codecs.lookup(codec)
        found = read_seeds(seeds, target)
        all_rules(), all_formats(), listed()
        guard = Guard(scratch)
        for seed in found:  # before anybody watches: libraries import and compile on first use
            execute(target, seed, guard)
    gc.collect()
    gc.freeze()
    limit_memory()
    guard.install()

    def mutate(data: bytes, most: int, chance: int) -> bytes:
        rng = Random(chance)
        if rng.random() < _OF_LIBFUZZER:
            return atheris.Mutate(data, most)
        return target.mutate(data, rng, found)[:most]

    settings = [f"-max_len={target.most_bytes}", "-rss_limit_mb=0", "-print_final_stats=1", "-print_funcs=0"]
    atheris.Setup(
        [sys.argv[0], *settings, *options], lambda data: execute(target, data, guard) and None, custom_mutator=mutate
    )
    atheris.Fuzz()


def limit_memory() -> None:
    """What is allocated beyond the limit is a MemoryError."""
    status = Path("/proc/self/status").read_text()
    taken = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmData:"))
    resource.setrlimit(resource.RLIMIT_DATA, (taken + MOST_BYTES, taken + MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE, _MOST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
