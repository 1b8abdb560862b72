"""Writes what KServe's own models know of an InferenceService on stdin, as JSON. Runs in the environment of KServe's client."""

import json
import sys
from typing import Any

import kserve.models
import kubernetes.client
import yaml


def known(value: Any, kind: str) -> Any:
    """``value`` without what the type called ``kind`` has no field for. Raises ValueError for a field that is missing."""
    model = getattr(kserve.models, kind, None)
    if model is not None:
        names = {told: own for own, told in model.attribute_map.items()}
        fields = {own: known(value[told], model.openapi_types[own]) for told, own in names.items() if told in value}
        model(**fields)
        return {model.attribute_map[own]: field for own, field in fields.items()}
    if hasattr(kubernetes.client, kind):
        read = getattr(kubernetes.client, kind).from_dict(value).to_dict()
        return {name: field for name, field in read.items() if field is not None}
    plain = {"str": str, "int": int, "bool": bool}[kind]
    if type(value) is not plain:
        raise ValueError(f"{value!r} is no {kind}")
    return value


json.dump(known(yaml.safe_load(sys.stdin), "V1beta1InferenceService"), sys.stdout)
