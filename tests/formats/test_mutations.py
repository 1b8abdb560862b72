"""Damaged real files give a header or a clean refusal, never another exception, never a hang."""

from __future__ import annotations

import contextlib
import time

import joblib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpack.core.errors import CorruptFileError, MissingLibraryError, UnsafeFileError
from mlpack.formats import all_formats, format_named, identify

KINDS = [*all_formats(), "joblib, zlib"]


class Originals(dict):
    """Shown by its names alone when a test fails."""

    def __repr__(self):
        return ", ".join(self)


@pytest.fixture(scope="module")
def originals(tmp_path_factory, model_of):
    folder = tmp_path_factory.mktemp("originals")
    found = Originals()
    for form in all_formats().values():
        path = folder / form.name
        form.save(model_of(form.frameworks[0]), path)
        found[form.name] = path.read_bytes()
    joblib.dump(model_of("sklearn"), folder / "zlib", compress=3)
    found["joblib, zlib"] = (folder / "zlib").read_bytes()
    return found


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mutations(kind, data, originals, tmp_path_factory):
    content = bytearray(originals[kind])
    reach = data.draw(st.sampled_from([64, 1024, len(content)]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(0, min(reach, len(content)) - 1)))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(content)
    began = time.monotonic()
    # MissingLibraryError: a file that became lz4 by its first bytes, where lz4 is not installed.
    with contextlib.suppress(CorruptFileError, UnsafeFileError, MissingLibraryError):
        form, header = identify(path)
        assert format_named(form.name) is form
        assert header.to_json()["format"] == form.name
    assert time.monotonic() - began < 5
