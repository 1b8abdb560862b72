"""What a hostile file would do once its code runs in a worker. Each method tries one thing and raises what it met."""

import ctypes
import errno
import mmap
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def raise_errno(value):
    if value == -1:
        number = ctypes.get_errno()
        raise OSError(number, errno.errorcode[number])
    return value


class Files:
    def read(self, path):
        return Path(path).read_bytes().decode("utf-8", "replace")

    def list(self, path):
        return sorted(os.listdir(path))

    def write(self, path, text="burgled"):
        Path(path).write_text(text)
        return Path(path).read_text()

    def append(self, path):
        with Path(path).open("a") as file:
            file.write("burgled")

    def make_folder(self, path):
        Path(path).mkdir()

    def remove(self, path):
        Path(path).unlink()

    def remove_folder(self, path):
        Path(path).rmdir()

    def rename(self, source, target):
        Path(source).rename(target)

    def hard_link(self, source, target):
        os.link(source, target)

    def symbolic_link(self, source, target):
        Path(target).symlink_to(source)

    def cut_short(self, path):
        os.truncate(path, 0)

    def cut_short_in_opening(self, path):
        os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))

    def cut_short_in_opening_for_nothing(self, path):
        os.close(os.open(path, os.O_ACCMODE | os.O_TRUNC))

    def let_everybody_in(self, path):
        Path(path).chmod(0o777)

    def let_everybody_in_by_descriptor(self, path):
        with Path(path).open() as file:
            os.fchmod(file.fileno(), 0o777)

    def give_away(self, path):
        os.chown(path, 65534, 65534)

    def turn_back_the_clock(self, path):
        os.utime(path, (0, 0))

    def mark(self, path):
        os.setxattr(path, "user.burgled", b"yes")

    def make_pipe(self, path):
        os.mkfifo(path)

    def make_device(self, path):
        os.mknod(path, 0o600 | 0o060000, os.makedev(8, 0))

    def watch(self, path):
        return raise_errno(libc.inotify_init1(0)) and path

    def work_in_scratch(self):
        """Files, folders, renames, removals, maps: what libraries do."""
        with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x" * 8192)
            file.flush()
            with mmap.mmap(file.fileno(), 8192) as mapped:
                mapped[0] = 65
            first, second = Path(folder) / "a" / "one", Path(folder) / "b" / "two"
            first.parent.mkdir()
            second.parent.mkdir()
            first.write_text("result")
            first.rename(second)
            shutil.copyfile(second, first)
            first.write_text("")
            return second.read_text()


class Processes:
    def run_program(self, canary):
        subprocess.run(["touch", canary], check=True)

    def run_shell(self, canary):
        return os.system(f"touch {canary}")

    def run_shell_of_c(self, canary):
        return libc.system(f"touch {canary}".encode())

    def spawn(self, canary):
        os.posix_spawn("/usr/bin/touch", ["touch", canary], os.environ)

    def become(self, canary):
        os.execv("/usr/bin/touch", ["touch", canary])

    def become_from_memory(self, canary):
        descriptor = os.memfd_create("program")
        os.write(descriptor, Path("/usr/bin/touch").read_bytes())
        os.execve(descriptor, ["touch", canary], {})

    def fork(self, canary):
        if os.fork() == 0:
            Path(canary).touch()
            os._exit(0)

    def fork_as_a_library(self, canary):
        process = multiprocessing.get_context("fork").Process(target=Path(canary).touch)
        process.start()
        process.join()

    def spawn_as_a_library(self, canary):
        process = multiprocessing.get_context("spawn").Process(target=Path(canary).touch)
        process.start()
        process.join()

    def signal(self, pid):
        os.kill(pid, signal.SIGKILL)

    def signal_by_descriptor(self, pid):
        signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)

    def have_the_kernel_signal(self, pid):
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, pid)

    def limit(self, pid):
        import resource

        resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0))

    def hold_back(self, pid):
        os.setpriority(os.PRIO_PROCESS, pid, 19)

    def trace(self, pid):
        raise_errno(libc.ptrace(16, pid, None, None))

    def own_number(self):
        return os.getpid()

    def leave_the_group(self):
        os.setsid()

    def system_call(self, number, *arguments):
        return raise_errno(libc.syscall(number, *arguments))

    def system_calls(self, numbers):
        """The error of each call made with nothing but zeros."""
        found = {}
        for name, number in numbers.items():
            answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 6)
            found[name] = errno.errorcode[ctypes.get_errno()] if answer == -1 else "done"
        return found

    def clone(self, flags):
        number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
        child = raise_errno(libc.syscall(number, ctypes.c_ulong(flags), None, None, None, None))
        if child == 0:
            os._exit(0)

    def clone3(self):
        block = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD)
        child = raise_errno(libc.syscall(435, ctypes.byref(block), ctypes.sizeof(block)))
        if child == 0:
            os._exit(0)


class Network:
    def connect(self, port):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

    def listen(self):
        socket.socket().bind(("127.0.0.1", 0))

    def send_datagram(self, port):
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"burgled", ("127.0.0.1", port))

    def connect_unix(self, path):
        socket.socket(socket.AF_UNIX).connect(path)

    def connect_abstract(self, name):
        socket.socket(socket.AF_UNIX).connect(f"\0{name}")

    def pair(self):
        socket.socketpair()

    def look_up(self, name):
        return str(socket.getaddrinfo(name, 443))

    def descriptors(self):
        found = {}
        for name in os.listdir("/proc/self/fd"):
            try:
                found[name] = str(Path(f"/proc/self/fd/{name}").readlink())
            except FileNotFoundError:
                continue  # the one that listed them
        return found


class Burglar(Files, Processes, Network):
    def in_a_thread(self, doing, **arguments):
        """The same from a thread that was started after the sandbox was."""
        met = []

        def attempt():
            try:
                getattr(self, doing)(**arguments)
                met.append(None)
            except Exception as error:
                met.append(error)

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        if met[0] is not None:
            raise met[0]
        return "done"

    def environment(self):
        return dict(os.environ)

    def own_environment(self):
        return Path("/proc/self/environ").read_bytes().decode("utf-8", "replace")

    def place(self):
        return str(Path.cwd())


class Library:
    """What good models do, warnings being errors."""

    def multiply(self):
        import numpy as np

        return float((np.ones((600, 600)) @ np.ones((600, 600))).sum())

    def threads(self):
        """What the kernel says of every thread after BLAS has started its own."""
        self.multiply()
        found = []
        for task in os.listdir("/proc/self/task"):
            status = Path(f"/proc/self/task/{task}/status").read_text().splitlines()
            found.append(dict(line.split(":\t") for line in status if line.startswith(("Seccomp:", "NoNewPrivs:"))))
        return found

    def predict_in_parallel(self):
        import warnings

        import numpy as np
        from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
        from sklearn.multioutput import MultiOutputClassifier

        rows = np.random.default_rng(0).standard_normal((80, 4))
        labels = (rows[:, 0] > 0).astype(int)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            forest = RandomForestClassifier(8, n_jobs=-1, random_state=0).fit(rows, labels)
            boosted = HistGradientBoostingClassifier(max_iter=5).fit(rows, labels)
            several = MultiOutputClassifier(forest, n_jobs=-1).fit(rows, labels[:, None])
            return [float((model.predict(rows).ravel() == labels).mean()) for model in (forest, boosted, several)]
