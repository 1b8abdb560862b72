"""``schema.py`` of a service: the Pydantic models of what it takes and gives."""

from __future__ import annotations

from mlpack.runtime.settings import Settings
from mlpack.runtime.signature import Signature
from mlpack.scaffold.requests import instance
from mlpack.scaffold.responses import prediction
from mlpack.scaffold.templates import render
from mlpack.scaffold.types import Types

_OWN = ("EXAMPLE", "PredictRequest", "PredictResponse", "Strict")


def schema_source(signature: Signature) -> str:
    """The source of the module. Names of columns, categories and classes stand in it as literals, whatever is in them."""
    types = Types(_OWN)
    row, row_class = instance(signature, types)
    answer, answer_classes = prediction(signature, types)
    context = {
        "typing": sorted({"Any", *types.imports} - {"OneOf"}),
        "one_of": "OneOf" in types.imports,
        "definitions": types.definitions,
        "instance": row,
        "prediction": answer,
        "request_classes": [row_class] if row_class else [],
        "response_classes": answer_classes,
        "most_rows": f"{Settings().max_rows:_}",
    }
    return render("service/schema.py.j2", context)
