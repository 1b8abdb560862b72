import re

from mlpack.core import errors


def declared():
    """The classes of the module itself; other tests bring subclasses of their own into the process."""
    return {name: kind for name, kind in errors.error_classes().items() if kind.__module__ == errors.__name__}


def test_every_exit_code_of_the_tree_is_drawn_in_the_docstring():
    drawn = {name: int(code) for name, code in re.findall(r"[├└─│ ]*(\w+Error) +(\d+) ", errors.__doc__)}
    assert drawn == {name: kind.exit_code for name, kind in declared().items()}


def test_codes_are_as_documented():
    codes = {kind.exit_code for kind in declared().values()}
    assert codes == set(range(1, 12))


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
