"""What goes on in steps says each: a line for those that ended, and the spinner for the one that runs."""

import os
import pty
import re
import subprocess
import sys

STEPS = """
import time
from mlpack.cli.spinner import Spinner
spinner = Spinner("building")
with spinner:
    spinner.say("step 1")
    time.sleep(1.2)
    spinner.say("step 2")
    time.sleep(0.5)
    {last}
"""


def on_terminal(code):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
    process = subprocess.Popen([sys.executable, "-c", code], stderr=theirs, stdout=subprocess.DEVNULL, env=environment)
    process.wait(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    return shown


def test_steps_that_ended_stay_as_lines():
    shown = on_terminal(STEPS.format(last=""))
    assert re.search(r"✓ step 1  1\.\d s", shown)
    assert re.search(r"✓ step 2  \d\.\d s", shown)
    assert "step 2 …" in shown


def test_a_step_that_failed_has_not_ended():
    shown = on_terminal(STEPS.format(last="raise SystemExit(1)"))
    assert "✓ step 1" in shown
    assert "✓ step 2" not in shown


def test_what_is_quick_shows_nothing():
    assert "step" not in on_terminal(
        "print(1, file=__import__('sys').stderr)\n" + STEPS.replace("1.2", "0").replace("0.5", "0").format(last="")
    )
