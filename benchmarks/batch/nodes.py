"""The Ray engine on one node of one processor and on two: ``python -m batch.nodes ROWS``. Prints seconds, as JSON.

The cluster stands before the clock starts; its actors, with Python and the libraries, start after.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def seconds(nodes: int, rows: str) -> float:
    """What the forest takes on a cluster of ``nodes``."""
    from ray.cluster_utils import Cluster

    import mlpack

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    cores = sorted(os.sched_getaffinity(0))
    for place in range(nodes):  # what a node starts has one processor for itself, as the node says
        os.sched_setaffinity(0, {cores[place % len(cores)]})
        cluster.add_node(num_cpus=1)
    os.sched_setaffinity(0, cores)
    cluster.wait_for_nodes()
    try:
        begun = time.perf_counter()
        mlpack.batch(
            "forest.mlpack",
            rows,
            f"nodes-{nodes}",
            engine="ray",
            address=cluster.address,
            part_rows=262_144,
            batch_rows=1024,
            force=True,
        )
        return time.perf_counter() - begun
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    print(json.dumps([seconds(nodes, sys.argv[1]) for nodes in (1, 2)]))
