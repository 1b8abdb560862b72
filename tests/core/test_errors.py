import json
import re

import pytest

from mlpack.core import errors
from mlpack.core.finding import Finding


def declared():
    """The classes of the module itself; other tests bring subclasses of their own into the process."""
    return {name: kind for name, kind in errors.error_classes().items() if kind.__module__ == errors.__name__}


def test_every_exit_code_of_the_tree_is_drawn_in_the_docstring():
    drawn = {name: int(code) for name, code in re.findall(r"[├└─│ ]*(\w+Error) +(\d+) ", errors.__doc__)}
    assert drawn == {name: kind.exit_code for name, kind in declared().items()}


def test_codes_are_as_documented():
    codes = {kind.exit_code for kind in declared().values()}
    assert codes == set(range(1, 12))


@pytest.mark.parametrize("kind", [errors.NoRouteError, errors.ParityError, errors.TrustError])
def test_an_error_of_another_process_is_the_same_here(kind):
    met = kind("no way", why="none was built", hint="walk")
    met.findings = (Finding("pickle/name", "warning", "it calls walk"),)
    told = errors.error_from_json({**json.loads(json.dumps(met.to_json())), "details": "where"})
    assert (type(told), told.to_json(), told.details) == (kind, met.to_json(), "where")


def test_a_class_that_is_not_here_becomes_another():
    met = {**errors.NoRouteError("no way").to_json(), "type": "PlugInError"}
    assert type(errors.error_from_json(met)) is errors.MlpackError
    assert type(errors.error_from_json(met, errors.WorkerError)) is errors.WorkerError


def test_json_form():
    error = errors.NoRouteError("no way", why="none was built", hint="walk")
    assert error.to_json() == {
        "type": "NoRouteError",
        "exit_code": 5,
        "message": "no way",
        "why": "none was built",
        "hint": "walk",
        "findings": [],
    }
