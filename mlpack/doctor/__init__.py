"""Says what is installed, what is missing, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpack.doctor.diagnosis import Diagnosis

__all__ = ["doctor"]


def doctor() -> Diagnosis:
    """Look at Python, the requirements, the plug-ins, the container engine, the machine and the sandbox that it offers.

    Imports no model library.
    """
    from mlpack.doctor.diagnosis import Diagnosis
    from mlpack.doctor.libraries import installed_libraries
    from mlpack.doctor.machine import container_engine, this_machine
    from mlpack.doctor.plugins import broken_plugins
    from mlpack.isolate.probe import offered

    return Diagnosis(
        machine=this_machine(),
        libraries=installed_libraries(),
        plugins=broken_plugins(),
        engine=container_engine(),
        sandbox=offered(),
    )
