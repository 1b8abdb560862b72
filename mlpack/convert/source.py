"""The original model in its worker: asked like any side, and converted variant by variant."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.converters import all_converters
from mlpack.core.converter import Conversion, Converter, Variant
from mlpack.core.errors import MissingLibraryError, MlpackError, OutputError, UnsupportedOperatorError
from mlpack.formats import format_named
from mlpack.graph.model import OnnxModel
from mlpack.runtime.session import Array
from mlpack.verify.side import Side


class Source(Side):
    """Lives in a worker. The reference's answers are taken before anything is converted: an exporter that changes the
    model it is given cannot make the two agree.
    """

    def __init__(self) -> None:
        super().__init__()
        self._route: list[Converter] = []
        self._stages: list[_Stage] = []

    def prepare(self, converters: Sequence[str], example: Mapping[str, Array], opset: int | None) -> None:
        """Line up a route; `attempt` runs its variants. Raises MissingLibraryError naming the extra."""
        self._route = [all_converters()[name] for name in converters]
        for converter in self._route:
            _check_libraries(converter)
        self._stages = [_Stage(Conversion(self.model, self.signature, dict(example), opset))]

    def attempt(self, choice: Sequence[int], path: str, format: str, provenance: Mapping[str, str]) -> dict[str, Any]:
        """Convert with the chosen variant of each converter on the route and save the result to ``path``.

        The answer holds the variants' ``names`` and the last one's ``summary``. It holds ``exhausted`` (the place of the
        converter that has no such variant), ``failed`` and ``depth`` when the exporter at that place raised, or
        ``needs`` when a variant's environment asks for a fresh worker.
        """
        names: list[str] = []
        summary = "saved as it is"
        del self._stages[1:]
        for depth, (converter, index) in enumerate(zip(self._route, choice, strict=True)):
            stage = self._stages[depth]
            try:
                if stage.variants is None:
                    stage.variants = converter.variants(stage.conversion)
                if index >= len(stage.variants):
                    return {"exhausted": depth}
                variant = stage.variants[index]
                names.append(f"{converter.name}: {variant.name}")
                summary = variant.summary
                needs = {name: value for name, value in variant.environment if os.environ.get(name) != value}
                if needs:
                    return {"names": names, "summary": summary, "needs": needs}
                built = variant.build()
                _check_opset(built, stage.conversion.opset)
            except Exception as error:  # noqa: BLE001 - whatever an exporter raises refuses its variant, not the run
                names = names if len(names) > depth else [*names, converter.name]
                return {"names": names, "summary": summary, "depth": depth, **_failure(error)}
            self._stages.append(_Stage(_between(stage.conversion, built)))
        final = self._stages[-1].conversion
        target = format_named(format)
        signature = json.dumps(final.signature.to_json(), sort_keys=True)
        try:
            if not self._copied(Path(path), format):
                target.save(final.model, Path(path))
            target.stamp(Path(path), {**provenance, "mlpack.variant": ", ".join(names), "mlpack.signature": signature})
        except Exception as error:  # noqa: BLE001 - as above: what cannot be saved refuses its variant
            return {"names": names, "summary": summary, "depth": len(names) - 1, **_failure(error)}
        return {"names": names, "summary": summary}

    def _copied(self, path: Path, format: str) -> bool:
        """Copy the file as it is where nothing was to be converted and all of it is in the one file."""
        if self._route or self.origin is None or self.origin[1] != format:
            return False
        if format_named(format).read_header(self.origin[0]).external_files:
            return False
        shutil.copyfile(self.origin[0], path)
        return True


@dataclass
class _Stage:
    """What stands between two converters: the object to convert next, and the ways to do so once they were asked for."""

    conversion: Conversion
    variants: Sequence[Variant] | None = None


def _between(conversion: Conversion, built: Any) -> Conversion:
    """What the next converter is asked for: the new object, with the dtypes it takes and gives."""
    if not isinstance(built, OnnxModel):
        return replace(conversion, model=built)
    signature = built.retype(conversion.signature)
    example = {
        spec.name: np.asarray(conversion.example[spec.name]).astype(spec.dtype if spec.is_numeric else object)
        for spec in signature.inputs
    }
    return replace(conversion, model=built, signature=signature, example=example)


def _check_opset(built: Any, wanted: int | None) -> None:
    """Raises UnsupportedOperatorError where an exporter wrote another opset than the one asked for."""
    if wanted is None or not isinstance(built, OnnxModel):
        return
    written = next((one.version for one in built.proto().opset_import if one.domain in {"", "ai.onnx"}), wanted)
    if written != wanted:
        raise UnsupportedOperatorError(
            f"this exporter writes opset {written} and not {wanted}", hint=f"leave out --opset, or ask for {written}"
        )


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, MissingLibraryError | OutputError | OSError):
        raise error
    if isinstance(error, MlpackError):
        return {"failed": error.message, "why": error.why, "hint": error.hint}
    return {
        "failed": f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:500],
        "why": "",
        "hint": "",
    }


def _check_libraries(converter: Converter) -> None:
    import importlib.util

    missing = [name for name in converter.libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingLibraryError(
            f"{converter.name} needs {', '.join(missing)}, which is not installed",
            hint=f'pip install "mlpack-toolkit[{converter.extra}]"',
        )
