"""A client in a process of its own reads questions from stdin and writes answers to stdout, each a line of JSON.

The standard library only: this file is imported in the environments of the clients as well.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any


def answer(ask: Callable[..., Any]) -> None:
    """Call ``ask`` with each question until stdin ends; what it raises is an answer too. Libraries may print: to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            told = {"answer": ask(**json.loads(line))}
        except Exception as error:
            told = {"error": type(error).__name__, "message": str(error)}
        print(json.dumps(told), file=answers, flush=True)
