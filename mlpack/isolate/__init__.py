"""Runs what touches a model (load, convert, predict) in a worker process with limits."""

from mlpack.isolate.limits import Limits
from mlpack.isolate.worker import Worker

__all__ = ["Limits", "Worker"]
