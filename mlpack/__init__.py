"""mlpack turns a trained model file into a service that is proven to give the same answers.

What the commands call is the public API: each function returns the result that its command prints.
"""

__version__ = "0.1.0"

from mlpack.bundle import load, pack
from mlpack.convert import convert
from mlpack.doctor import doctor
from mlpack.inspect import inspect
from mlpack.verify import verify

__all__ = ["convert", "doctor", "inspect", "load", "pack", "verify"]
