"""The operators that a TorchScript module may call."""

from __future__ import annotations

import re

NAMESPACES = (
    "aten",
    "prim",
    "quantized",
    "_quantized",
    "quantization",
    "mkldnn",
    "mkldnn_prepacked",
    "mkl",
    "onednn",
    "prepacked",
)
FILES = {"from_file", "save"}
ELSEWHERE = {
    "is_owner", "owner", "owner_name", "local_value", "to_here", "confirmed_by_owner", "rpc_async", "rpc_sync", "rpc_remote",
}  # fmt: skip
"""References to other machines."""
UNCHECKED = re.compile(
    r"_unsafe$|^_unsafe_(?!view)|^_index_put_impl|^_nested_view_from_buffer|^set_?$|^set_data$|^_resize_output|^data_ptr$|"
    r"^record_stream$|^_test_|^_debug_|^_cufft|^_nested_tensor_storage"
)
"""What reads or writes memory without a check of its bounds, or looks into the process."""
INNER = re.compile(
    r"Python|Graph$|Group$|Guard$|Fallback|Bail|Static|TypeCheck|profile|oneDNN|MKLDNN|TimePoint|RequiresGradCheck|^AddStatValue|"
    r"^rpc_|^awaitable"
)
"""Nodes that the compiler makes for itself: no code that was saved holds them. Python's objects are among them."""
TORCHVISION = ("deform_conv2d", "nms", "ps_roi_align", "ps_roi_pool", "roi_align", "roi_pool")
"""From torchvision's documentation: it need not be installed here, and its other operators read and write files."""


def torchscript_names() -> tuple[str, dict[str, dict[str, list[str]]]]:
    """The version of torch, its operators by namespace, and those of aten and prim that are kept off the list."""
    import torch

    operators: dict[str, set[str]] = {"torchvision": set(TORCHVISION)}
    known: dict[str, set[str]] = {"torchvision": {"read_file", "write_file"}}
    for schema in torch._C._jit_get_all_schemas():
        namespace, _, name = schema.name.partition("::")
        allowed = namespace in NAMESPACES and not _is_kept_off(namespace, name)
        (operators if allowed else known).setdefault(namespace, set()).add(name)
    for name in FILES | ELSEWHERE:
        assert name not in operators["aten"] | operators["prim"], name
    kept_off = {"aten": sorted(known["aten"]), "prim": sorted(known["prim"])}
    return torch.__version__.partition("+")[0], {
        "operators": {namespace: sorted(operators[namespace]) for namespace in sorted(operators)},
        "kept_off": kept_off,
    }


def _is_kept_off(namespace: str, name: str) -> bool:
    if name in FILES | ELSEWHERE or UNCHECKED.search(name):
        return True
    return namespace == "prim" and bool(INNER.search(name))
