"""torch: the names that its own loader of weights rebuilds tensors with."""

from __future__ import annotations

from collections.abc import Iterator

from mlpack.core.trust import Role, Use

_CALLED = frozenset({"torch.Size", "torch.device", "torch.serialization._get_layout"})


def tensor_names() -> Iterator[tuple[Use, str]]:
    """What `torch.load(weights_only=True)` lets through of torch itself: functions are called, types are referred to.

    A tensor with attributes of its own names the function that rebuilds it, and its class.
    """
    from torch import _weights_only_unpickler as own

    for qualified in own._get_allowed_globals():
        module, _, name = qualified.rpartition(".")
        rebuilds = name.startswith("_rebuild_")
        roles: list[Role] = ["called"] if rebuilds or qualified in _CALLED else []
        if qualified not in _CALLED and name != "_rebuild_from_type_v2":
            roles.append("referred")
        for role in roles if module.partition(".")[0] == "torch" else ():
            yield Use(module, name, role), "torch's own list"
