"""The long run: ``python -m fuzz [TARGET ...] [--seconds 600] [--folder .fuzz]``, which is what `make fuzz` calls.

Each target runs in a process of its own, one after the other, and goes on from the corpus that earlier runs left in the folder.
Exits 1 where one of them found something; the input lies in the folder then: ``python -m fuzz TARGET --file INPUT``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fuzz.words import dictionary

TESTS = Path(__file__).resolve().parent.parent
SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where working folders are made: a file an input is a lot for a disk."""
SECONDS_OF_AN_INPUT = 20
"""An input of a few kilobytes takes milliseconds; this leaves room for the import of a library on a busy machine."""


@dataclass(frozen=True)
class Campaign:
    """What came of one target. ``told`` is what it said where it found something."""

    target: str
    runs: int
    seconds: int
    edges: int
    found: bool
    told: str = ""


def command_of(target: str, seeds: Path, scratch: Path) -> list[str]:
    """The command that fuzzes ``target``; options and folders of libFuzzer may follow."""
    limits = [f"-timeout={SECONDS_OF_AN_INPUT}", "-report_slow_units=5"]
    return [sys.executable, "-m", "fuzz.one", target, str(seeds), str(scratch), *limits]


def environment() -> dict[str, str]:
    """One thread, no chance but that of the seed."""
    settings = {"PYTHONPATH": str(TESTS), "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**os.environ, **settings, "PYTHONDONTWRITEBYTECODE": "1"}


def make_seeds(folder: Path) -> Path:
    """The folder of seeds in ``folder``, made if it is not there."""
    seeds = folder / "seeds"
    if not seeds.exists():
        subprocess.run([sys.executable, "-m", "fuzz.seeds.make", str(seeds)], check=True, env=environment())
    return seeds


def campaign(target: str, seconds: int, folder: Path) -> Campaign:
    """Run one target for so long."""
    seeds, own = make_seeds(folder), folder / target
    corpus = own / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    words = folder / "words.dict"
    words.write_text(dictionary())
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={own}/", f"-dict={words}", str(corpus)]
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        command = [*command_of(target, seeds, Path(scratch)), *options, *_groups(target, seeds)]
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment(), check=False
        )
    (own / "log").write_text(ended.stderr + ended.stdout)
    said = ended.stderr
    told = "" if not ended.returncode else said[-3000:]
    edges = re.findall(r"cov: (\d+)", said)
    return Campaign(target, runs_of(said), seconds, int(edges[-1]) if edges else 0, bool(ended.returncode), told)


def runs_of(said: str) -> int:
    """How many inputs libFuzzer says that it ran."""
    counted = re.findall(r"^#(\d+)\t|number_of_executed_units: (\d+)", said, re.MULTILINE)
    return max((int(one or other) for one, other in counted), default=0)


def _groups(target: str, seeds: Path) -> list[str]:
    from fuzz.seeds.reading import folders_of
    from fuzz.target import all_targets

    return [str(group) for group in folders_of(seeds, all_targets()[target])]


def names_of_targets() -> list[str]:
    """Every target, without importing what they import in this process for longer than it takes to ask."""
    from fuzz.target import all_targets

    return list(all_targets())


def main() -> int:
    """Run the targets that are named, all of them where none is."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=TESTS.parent / ".fuzz")
    parser.add_argument("--file", type=Path, help="run this one input")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    if asked.file:
        with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
            command = command_of(asked.targets[0], make_seeds(folder), Path(scratch))
            return subprocess.run([*command, str(asked.file.resolve())], env=environment(), check=False).returncode
    outcomes = []
    for target in asked.targets or names_of_targets():
        outcome = campaign(target, asked.seconds, folder)
        outcomes.append(outcome)
        print(
            f"{target:14} {outcome.runs:>12,} runs  {outcome.edges:>6,} edges  {'FOUND' if outcome.found else 'clean'}",
            flush=True,
        )
        if outcome.found:
            print(f"{outcome.told}\nthe input and the log are in {folder / target}", flush=True)
    found = sum(one.found for one in outcomes)
    print(f"{sum(one.runs for one in outcomes):,} runs, {found} of {len(outcomes)} targets found something")
    return int(any(one.found for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
