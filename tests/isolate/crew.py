"""What the workers of these tests host."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from mlpack.core.errors import DataError


class Crew:
    def __init__(self):
        self.libraries = None

    def warm_up(self, libraries):
        self.libraries = libraries

    def warmed(self):
        return self.libraries

    def read(self, path):
        try:
            return Path(path).read_text()
        except PermissionError:
            return None

    def echo(self, **arguments):
        return arguments

    def chatter(self):
        print("a library talks to stdout")
        return "done"

    def raise_foreign(self):
        raise ValueError("the number is wrong")

    def raise_own(self):
        raise DataError("no such column", why="it has two", hint="look again")

    def exit(self):
        os._exit(7)

    def crash(self):
        os.kill(os.getpid(), signal.SIGSEGV)

    def hang(self):
        time.sleep(600)

    def hang_in_native_code(self, path):
        Path(path).write_text(str(os.getpid()))
        values = np.ones((4000, 4000))
        while True:
            values = values @ values / 4000

    def fill(self, size):
        return len(bytearray(size))

    def write(self, size):
        with tempfile.NamedTemporaryFile() as file:
            file.write(bytes(size))
            return file.name

    def raise_limit(self, name):
        import resource

        kind = getattr(resource, name)
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except ValueError:  # how Python says EPERM here
            return resource.getrlimit(kind)[0]
        return None

    def hang_up(self):
        os.closerange(3, 65536)  # whatever number the pipe has: the process before it may have many files open
        time.sleep(600)

    def start_a_program(self):
        return subprocess.Popen(["sleep", "600"]).pid

    def leave_something(self):
        path = Path(tempfile.gettempdir()) / "result"
        path.write_text("a result")
        return str(path)

    def variable(self, name):
        return os.environ.get(name)

    def place(self):
        return tempfile.gettempdir()
