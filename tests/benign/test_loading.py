"""Every honest object opens without trust, whichever way it was written, and is what it was."""

from __future__ import annotations

import joblib
import pytest
from names.alike import alike
from names.corpus import PARTS
from names.dumps import dumped

from mlpack.formats.joblib import FORMAT as JOBLIB
from mlpack.formats.pickle import FORMAT as PICKLE

pytestmark = pytest.mark.filterwarnings("ignore")

COMPRESSIONS = ("zlib", "gzip", "bz2", "xz", "lzma", "lz4")
WAYS = (*(f"pickle {protocol}" for protocol in range(2, 6)), "joblib", *(f"joblib {name}" for name in COMPRESSIONS))


def write(value, way, path):
    """``value`` in a file, as ``way`` says; the format that reads it."""
    library, _, how = way.partition(" ")
    if library == "pickle":
        path.write_bytes(dumped(value, "pickle", int(how)))
        return PICKLE
    joblib.dump(value, path, compress=(how, 1) if how else 0)
    return JOBLIB


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("part", PARTS)
def test_it_opens_and_answers_the_same(part, way, samples, expected, tmp_path):
    path = tmp_path / "file"
    different = []
    for sample in samples(part):
        form = write(sample.value, way, path)
        loaded = form.load(path)
        if not alike(sample.answers(loaded), expected(sample)):
            different.append(sample.name)
    assert different == []
