"""Renders a bundle as the tree that another model server loads: Triton, MLServer, KServe."""

from typing import Literal, get_args

Server = Literal["kserve", "triton", "mlserver"]
SERVERS: tuple[str, ...] = get_args(Server)
