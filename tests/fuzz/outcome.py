"""Runs one input of a target, and tells a clean refusal from a finding."""

from __future__ import annotations

import gc
import json

from fuzz.guard import Guard
from fuzz.target import Target

from mlpack.core.errors import MlpackError
from mlpack.core.finding_view import finding_facts, one_line
from mlpack.runtime.manifest import ManifestError


def execute(target: Target, data: bytes, guard: Guard) -> bool:
    """Whether the reader took the input; False where it refused it. Raises for all else that comes of it."""
    with guard.watching():
        try:
            target.run(data)
        except MlpackError as error:
            _check(error)
            return False
        except ManifestError as error:
            assert str(error)
            return False
        finally:
            gc.collect(1)  # what is let go may do things too
    return True


def _check(error: MlpackError) -> None:
    """A refusal is of a class of its own, says something, and can be shown."""
    assert type(error) is not MlpackError, f"an error without a class: {error.message}"
    assert error.message.strip()
    json.dumps(error.to_json())
    one_line(error.message)
    finding_facts(error.findings, more="")
