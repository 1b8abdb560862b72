"""The operators of ONNX's own domains and of ONNX Runtime."""

from __future__ import annotations

KEPT_OFF = frozenset({("com.microsoft", "EPContext"), ("com.microsoft", "Snpe")})
"""They hand a blob, or the path of one, to a vendor's library."""
INTERNAL = frozenset({"com.ms.internal.nhwc"})
"""Made by ONNX Runtime while it optimises, never saved."""


def onnx_names() -> tuple[str, dict[str, dict[str, list[str]]]]:
    """The versions, and the operators by domain; the empty one is ONNX's own."""
    import onnx.defs
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state

    schemas = [*onnx.defs.get_all_schemas_with_history(), *onnxruntime_pybind11_state.get_all_operator_schema()]
    operators: dict[str, set[str]] = {}
    for schema in schemas:
        if schema.domain not in INTERNAL and (schema.domain, schema.name) not in KEPT_OFF:
            operators.setdefault(schema.domain, set()).add(schema.name)
    found = {domain: sorted(operators[domain]) for domain in sorted(operators)}
    return f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}", {"operators": found}
