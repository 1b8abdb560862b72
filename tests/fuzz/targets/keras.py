"""Keras files: the configuration, the archive and the older HDF5, as far as they are judged."""

from __future__ import annotations

import json
from random import Random

from fuzz.files import a_file
from fuzz.mutators.chance import byte_changes
from fuzz.mutators.documents import changed_json
from fuzz.mutators.hdf5 import changed_hdf5
from fuzz.mutators.zips import changed_zip
from fuzz.target import Target

from mlpack.formats.hdf5 import FORMAT as HDF5
from mlpack.formats.keras import FORMAT as KERAS
from mlpack.scan.keras_archive import parse_json
from mlpack.scan.keras_config import read_config
from mlpack.scan.keras_judge import judge_config
from mlpack.scan.keras_sizes import sizes_beyond

_WEIGHTS = 1000


def configuration(data: bytes) -> None:
    """A model's configuration, described and judged; as that of a training too."""
    document = parse_json(data, "config.json")
    judge_config(document, data, member="config.json")
    judge_config(document, data, member="training_config", training=True)
    sizes_beyond(document, _WEIGHTS, "config.json")
    read_config(document, "config.json")


def inside(name: str, content: bytes, rng: Random) -> bytes:
    """A member changed as what its name says that it is."""
    if name.endswith(".json"):
        return changed_json(content, rng)
    if name.endswith(".h5"):
        return changed_hdf5(content, rng, ())
    return byte_changes(content, rng)


def archive(data: bytes) -> None:
    """A ``.keras`` file."""
    json.dumps(KERAS.read_header(a_file(data)).to_json())


def older(data: bytes) -> None:
    """A ``.h5`` file."""
    json.dumps(HDF5.read_header(a_file(data)).to_json())


TARGETS = (
    Target("keras-config", configuration, changed_json, ("keras-config",), most_bytes=1 << 15),
    Target("keras", archive, changed_zip(inside), ("keras", "hostile-keras"), most_bytes=1 << 17),
    Target("keras-h5", older, changed_hdf5, ("keras-h5",), most_bytes=1 << 17),
)
