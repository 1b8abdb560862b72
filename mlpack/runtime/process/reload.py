"""Takes over a bundle that replaces the one that is served, once it has proven itself; until then the old one goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from ..errors import StartError
from ..manifest import ManifestError, read_manifest
from ..service.metrics import FAILED_RELOADS, RELOADS
from ..service.model import Model, open_untimed, timed
from ..service.opening import CODE_CARRYING
from ..service.service import Service
from ..settings import Settings
from ..signature import Signature

_LOOK = 1.0
"""Seconds between two looks at the folder."""
_GLANCE = 0.05
_LONGEST_CHECK = 600.0

Look = tuple[tuple[str, int, int, int], ...]
"""Of every file in the folder its name, inode, size and time of change."""

log = logging.getLogger("mlpack.reload")


async def watch(service: Service, folder: Path, served: Look) -> None:
    """Look at ``folder`` until cancelled, and let ``service`` take over what it holds once that has changed and rests.

    ``served`` is how it looked before what is served now was opened.
    """
    last = served
    while True:
        await asyncio.sleep(_LOOK)
        now = await asyncio.to_thread(look_at, folder)
        if now and now != served and now == last:
            served = now
            await _attempt(service, folder)
        last = now


async def _attempt(service: Service, folder: Path) -> None:
    try:
        untimed = await _proven(service.settings, folder, service.signature)
        model = await asyncio.to_thread(timed, untimed, service.settings)
    except (StartError, ManifestError, OSError) as error:
        service.meter.add(FAILED_RELOADS)
        why = getattr(error, "why", "")
        log.error(
            "the new bundle is refused, the old one is served", extra={"why": f"{error}: {why}" if why else str(error)}
        )
        return
    except Exception:
        service.meter.add(FAILED_RELOADS)
        log.exception("the new bundle could not be opened, the old one is served")
        return
    old = service.model
    batcher = service.replace(model)
    service.meter.add(RELOADS)
    log.info("a new bundle is served", extra={"model": model.manifest.name, "version": model.manifest.version})
    while not batcher.is_idle:
        await asyncio.sleep(_GLANCE)
    batcher.close()
    old.close()


async def first_proven(folder: Path, settings: Settings) -> Model:
    """The model that a worker starts with, untimed: one that replaced the bundle while a worker died is found by its successor.

    Raises StartError.
    """
    try:
        return await _proven(settings, folder)
    except (ManifestError, OSError) as error:
        raise StartError(f"{folder} cannot be opened", exit_code=7, why=str(error)) from error


async def _proven(settings: Settings, folder: Path, served: Signature | None = None) -> Model:
    """The model in ``folder``, of a copy that nobody else can change between the check and the opening.

    Its signature has to be that which is ``served``. Where nothing is yet, the check is left out for formats that carry no
    code: it would only take time. Raises StartError, ManifestError, OSError.
    """
    staging = Path(tempfile.mkdtemp(prefix="mlpack-reload-"))
    try:
        copy = staging / (folder.name or "model")
        await asyncio.to_thread(_copy, folder, copy)
        manifest = await asyncio.to_thread(read_manifest, copy)
        carries_code = manifest.model_format in CODE_CARRYING
        if carries_code and not settings.reload_check:
            raise StartError(
                f"{manifest.model_format} may carry code, and there is no --reload-check to judge it", exit_code=2
            )
        if served is not None and manifest.signature != served:
            raise StartError("its signature is another: what clients send would not fit", exit_code=2)
        if carries_code or served is not None:
            await _check(settings, copy)
        model = await asyncio.to_thread(open_untimed, copy, settings)
        return replace(model, manifest=replace(model.manifest, folder=folder))
    finally:
        await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)


async def _check(settings: Settings, bundle: Path) -> None:
    """Run `Settings.reload_check` on ``bundle``. Raises StartError where it does not end with 0."""
    if not settings.reload_check:
        return
    command = [*shlex.split(settings.reload_check), str(bundle)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), _LONGEST_CHECK)
    except TimeoutError:
        raise StartError(f"{command[0]} did not end within {_LONGEST_CHECK:.0f} s", exit_code=2) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = told.decode(errors="replace").strip()[-500:]
        raise StartError(f"{settings.reload_check} ended with {process.returncode}", exit_code=2, why=last)


def _copy(folder: Path, copy: Path) -> None:
    """Copy a bundle: files, and no links, whose ends could be anywhere. Raises OSError."""
    copy.mkdir()
    for entry in os.scandir(folder):
        if not entry.is_file(follow_symlinks=False):
            raise OSError(f"{entry.name!r} in {folder} is no regular file, and a bundle holds nothing else")
        shutil.copyfile(entry.path, copy / entry.name, follow_symlinks=False)


def look_at(folder: Path) -> Look:
    """How ``folder`` looks now; empty while it is not there."""
    found = []
    try:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            told = entry.stat(follow_symlinks=False)
            found.append((entry.name, told.st_ino, told.st_size, told.st_mtime_ns))
    except OSError:
        return ()
    return tuple(found)
