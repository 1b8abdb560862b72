"""Libraries that print are silenced, whichever way they print; what they raise is not."""

import logging
import os
import subprocess
import warnings

import pytest

from mlpack.core.quiet import quiet


def test_nothing_comes_through(capfd):
    with quiet():
        print("from Python")
        os.write(1, b"from native code")
        subprocess.run(["sh", "-c", "echo from a child >&2"], check=True)
        logging.getLogger("torch").error("a log line")
        warnings.warn("a warning", stacklevel=1)
    assert capfd.readouterr() == ("", "")


def test_all_is_as_before_afterwards(capfd):
    level = logging.root.manager.disable
    with pytest.raises(ValueError, match="raised inside"), quiet():
        raise ValueError("raised inside")
    print("heard again")
    os.write(2, b"and this")
    assert logging.root.manager.disable == level
    assert capfd.readouterr() == ("heard again\n", "and this")
