"""A bridge for an engine, in a network that nothing else on the machine uses."""

from __future__ import annotations

import ipaddress
import json
import subprocess

from mlpack.core.errors import EngineError

CANDIDATES = ipaddress.ip_network("10.192.0.0/10")
"""Far from the networks that Docker hands out by itself: 172.17.0.0/12 and 192.168.0.0/16."""


def make_bridge(name: str) -> None:
    """Make the bridge ``name`` and give it the first address of a free network."""
    network = free_network()
    for words in (
        ["link", "add", name, "type", "bridge"],
        ["address", "add", f"{network[1]}/{network.prefixlen}", "dev", name],
        ["link", "set", name, "up"],
    ):
        _ip(*words)


def free_network() -> ipaddress.IPv4Network:
    """A network of 254 addresses that no route of this machine overlaps. Raises EngineError where there is none."""
    routes = [route["dst"] for route in json.loads(_ip("-json", "-4", "route", "show", "table", "all"))]
    taken = [ipaddress.ip_network(route, strict=False) for route in routes if route != "default"]
    for network in CANDIDATES.subnets(new_prefix=24):
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
