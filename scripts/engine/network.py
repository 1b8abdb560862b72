"""A bridge for an engine, in a network that nothing else on the machine uses."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from pathlib import Path

from engine.places import alone
from mlpack.core.errors import EngineError

CANDIDATES = ipaddress.IPv4Network("10.192.0.0/10")
"""Far from the networks that Docker hands out by itself: 172.17.0.0/12 and 192.168.0.0/16."""
LOCK = Path("/run/mlpack-bridges.lock")
"""Two processes that look at the same time would find the same network free."""


def make_bridge(name: str) -> ipaddress.IPv4Network:
    """Make the bridge ``name`` in a free network, and give the part of it that is for more bridges of the same engine.

    Raises EngineError where there is none, or the rights are missing.
    """
    with alone(LOCK):
        lower, upper = free_network().subnets()
        first = next(lower.subnets(new_prefix=24))
        _ip("link", "add", name, "type", "bridge")
        _ip("address", "add", f"{first[1]}/{first.prefixlen}", "dev", name)
        _ip("link", "set", name, "up")
    return upper


def free_network() -> ipaddress.IPv4Network:
    """A network of sixteen times 254 addresses that no route of this machine overlaps."""
    routes = [route["dst"] for route in json.loads(_ip("-json", "-4", "route", "show", "table", "all"))]
    taken = [ipaddress.IPv4Network(route, strict=False) for route in routes if route != "default"]
    for network in CANDIDATES.subnets(new_prefix=20):
        if not any(network.overlaps(other) for other in taken):
            return network
    raise EngineError(f"every network in {CANDIDATES} is taken", why="a container engine needs one for its bridge")


def _ip(*words: str) -> str:
    ended = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise EngineError(
            f"ip {' '.join(words)} failed", why=ended.stderr.strip(), hint="this needs the rights to change the network"
        )
    return ended.stdout
