"""Which answers of an output of labels, or of other exact values, are equal, and which are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mlpack.verify.evidence.kept import LabelPicture
from mlpack.verify.evidence.values import Answers

PAIRS = 8
"""Kinds of disagreement that are kept."""
COUNTED = 100_000
"""Disagreements that are looked at to find them."""


def picture_of_labels(name: str, answers: Sequence[Answers], *, extreme: bool) -> LabelPicture:
    """How many rows of one output are equal over several probes."""
    rows = differing = held = 0
    pairs: Counter[tuple[str, str]] = Counter()
    for block in (block for one in answers for block in one.blocks()):
        differs = np.asarray(block.expected != block.given, dtype=bool)
        beyond = np.asarray(differs.any(axis=1))
        rows += len(beyond)
        differing += int(beyond.sum())
        held += int((beyond & block.held).sum())
        room = max(0, COUNTED - pairs.total())
        theirs, ours = block.expected[differs][:room].tolist(), block.given[differs][:room].tolist()
        pairs.update((str(one), str(other)) for one, other in zip(theirs, ours, strict=True))
    common = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))[:PAIRS]
    shown = tuple((theirs, ours, count) for (theirs, ours), count in common)
    return LabelPicture(name, extreme, rows, rows - differing, held, differing - held, shown)
