"""mlpack turns a trained model file into a service that is proven to give the same answers.

What the commands call is the public API: each function returns the result that its command prints.
"""

from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

from mlpack.advise import advise
from mlpack.batch import batch
from mlpack.bundle import load, pack
from mlpack.convert import convert
from mlpack.doctor import doctor
from mlpack.images import containerize
from mlpack.inspect import inspect
from mlpack.scaffold import init_ci, init_compose, init_kubernetes
from mlpack.verify import verify

if TYPE_CHECKING:
    from mlpack.audit import scan
    from mlpack.scaffold import scaffold
else:
    from mlpack import audit as _audit
    from mlpack import scaffold, scan

    class _Scan(_ModuleType):
        """The package of the readers, which is called as ``mlpack.scan(paths)`` too.

        A function in its place would hide it: ``import mlpack.scan.pickles as pickles`` looks for an attribute of it.
        """

        def __call__(self, paths, **options):
            return _audit.scan(paths, **options)

    class _Scaffold(_ModuleType):
        """The package that renders services, which is called as ``mlpack.scaffold(model, path)`` too."""

        def __call__(self, model, path, **options):
            return self.scaffold(model, path, **options)

    scan.__class__ = _Scan
    scaffold.__class__ = _Scaffold

__all__ = [
    "advise",
    "batch",
    "containerize",
    "convert",
    "doctor",
    "init_ci",
    "init_compose",
    "init_kubernetes",
    "inspect",
    "load",
    "pack",
    "scaffold",
    "scan",
    "verify",
]
