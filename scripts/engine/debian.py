"""The root file system of the base image: Debian with Python, made from the packages that this machine's apt reads."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from engine.disk import mount_disk
from engine.leftovers import unmount
from engine.places import alone, cache
from mlpack.core.errors import EngineError

PACKAGES = ("python3", "python3-venv", "python3-pip", "ca-certificates")
LEFT_OUT = (
    "./dev/*", "./proc/*", "./sys/*", "./run/*", "./tmp/*", "./var/tmp/*", "./var/log/*",
    "./var/cache/apt/*", "./var/cache/debconf/*-old", "./var/lib/apt/lists/*", "./var/lib/dpkg/*-old",
    "./etc/dpkg/dpkg.cfg.d/hasty", "./etc/apt/sources.list", "./etc/hostname", "./etc/machine-id", "./etc/resolv.conf",
    "./usr/share/doc/*", "./usr/share/info/*", "./usr/share/lintian/*", "./usr/share/locale/*", "./usr/share/man/*",
    "./usr/lib/python3*/EXTERNALLY-MANAGED",  # an official Python image lets pip install
)  # fmt: skip
"""What a slim image has not, and what names the machine that it was made on."""
HASTY = "force-unsafe-io\n" + "".join(
    f"path-exclude=/usr/share/{name}/*\n" for name in ("doc", "info", "lintian", "locale", "man")
)
"""Settings of dpkg while it unpacks: nothing is asked for of the disk after a power cut, and what goes again never comes."""


def suite() -> str:
    """The release of Debian that this machine runs, and the base is made of. Raises EngineError on any other system."""
    lines = Path("/etc/os-release").read_text().splitlines()
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    name = release.get("VERSION_CODENAME", "").strip('"')
    if release.get("ID", "").strip('"') != "debian" or not name:
        raise EngineError("the base image is made from Debian packages", why="this machine does not run Debian")
    return name


def root_file_system() -> Path:
    """A tar of Debian with ``PACKAGES``, made on first use: about a minute.

    Raises EngineError where ``debootstrap`` is missing or fails.
    """
    key = hashlib.sha256(repr((PACKAGES, LEFT_OUT)).encode()).hexdigest()[:12]
    folder = cache("root")
    made = folder / f"{suite()}-{key}.tar"
    with alone(folder / "lock"):
        if not made.exists():
            for old in folder.glob("*.tar"):
                old.unlink()
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                _make(Path(temporary), made)
    return made


def python_version() -> str:
    """The Python of the base, as ``3.11``."""
    with tarfile.open(root_file_system()) as files:
        return files.getmember("./usr/bin/python3").linkname.removeprefix("python")


def _make(folder: Path, made: Path) -> None:
    disk, unfinished = folder / "disk", folder / "root.tar"
    mount_disk(folder / "disk.img", disk)
    try:
        _bootstrap(disk / "root")
        (disk / "root/usr/bin/python").symlink_to("python3")
        _pack(disk / "root", unfinished)
    finally:
        unmount(folder)
    unfinished.rename(made)


def _pack(root: Path, packed: Path) -> None:
    left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    words = ["tar", "--create", "--numeric-owner", "--sort=name", *left_out, "-f", str(packed), "-C", str(root), "."]
    subprocess.run(words, check=True)


def _bootstrap(root: Path) -> None:
    program = shutil.which("debootstrap", path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
    if not program:
        raise EngineError("debootstrap is not installed", hint="apt-get install --no-install-recommends debootstrap")
    hasty = root / "etc/dpkg/dpkg.cfg.d/hasty"
    hasty.parent.mkdir(parents=True)
    hasty.write_text(HASTY)
    ended = subprocess.run(
        [program, "--variant=minbase", f"--include={','.join(PACKAGES)}", suite(), str(root), mirror()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        lines = ended.stdout.splitlines()
        raise EngineError("debootstrap made no base", why=" ".join(lines[-1:]), details="\n".join(lines[-40:]))


def mirror() -> str:
    """Where this machine's apt has the packages of its release from. Raises EngineError where its settings do not say."""
    listing = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]
    lines = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.splitlines()
    places = [place for release, _, place in (line.partition(" ") for line in lines) if release == suite()]
    if not places:
        raise EngineError(f"apt has no source for {suite()}", hint="apt-get update")
    return places[0]
