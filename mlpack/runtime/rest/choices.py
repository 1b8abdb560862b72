"""Numbers that have to be one of a few: `typing.Literal` takes 1.0 and true for 1, and knows no floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema


class OneOf:
    """An annotation: the number is one of ``values`` once it has the dtype that the model takes."""

    def __init__(self, dtype: str, *values: float) -> None:
        self._values = values
        self._type = np.dtype(dtype).type
        self._taken = frozenset(self._type(value) for value in values)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "enum": list(self._values)}

    def _checked(self, value: float) -> float:
        with np.errstate(over="ignore"):
            try:
                taken = self._type(value) in self._taken
            except OverflowError:
                taken = False
        if not taken:
            shown = ", ".join(map(str, self._values))
            raise PydanticCustomError("one_of", "Input should be one of {shown}", {"shown": shown})
        return value
