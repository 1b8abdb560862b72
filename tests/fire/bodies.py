"""Bodies that no service should take: each with the statuses that it may get."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

MALFORMED, REFUSED, LARGE = {400}, {400, 422}, {413}
Case = tuple[bytes, set[int]]
_MARK = "@@"


def _valued(document: Any, text: str) -> bytes:
    """The document with ``text``, as it stands, in the place of the mark."""
    return json.dumps(document).replace(f'"{_MARK}"', text).encode()


VALUES: Mapping[str, tuple[str, set[int]]] = {
    "NaN": ("NaN", REFUSED),
    "Infinity": ("Infinity", REFUSED),
    "minus Infinity": ("-Infinity", REFUSED),
    "1e400": ("1e400", REFUSED),
    "minus 1e400": ("-1e400", REFUSED),
    "beyond float32": ("1e39", REFUSED),
    "400 digits": ("9" * 400, REFUSED),
    "5,000 digits": ("9" * 5_000, REFUSED),
    "a million digits": ("9" * 1_000_000, REFUSED),
    "a text": ('"wide"', REFUSED),
    "a number as a text": ('"1.5"', REFUSED),
    "true": ("true", REFUSED),
    "null": ("null", REFUSED),
    "a list": ("[1.5]", REFUSED),
    "an object": ('{"value": 1.5}', REFUSED),
    "100k brackets": ("[" * 100_000 + "]" * 100_000, REFUSED),
    "100k braces": ('{"a":' * 100_000 + "1" + "}" * 100_000, REFUSED),
    "a text of a megabyte": (json.dumps("x" * 1_000_000), REFUSED),
    "hexadecimal": ("0x10", MALFORMED),
    "a leading plus": ("+1", MALFORMED),
    "a leading zero": ("01", MALFORMED),
    "a comment": ("1 /* one */", MALFORMED),
}
"""A single value in an otherwise good request."""

WHOLE: Mapping[str, tuple[bytes, set[int]]] = {
    "nothing": (b"", REFUSED),
    "a space": (b" ", REFUSED),
    "null": (b"null", REFUSED),
    "a number": (b"3", REFUSED),
    "a list": (b"[]", REFUSED),
    "an empty object": (b"{}", REFUSED),
    "NUL": (b"\0" * 1000, MALFORMED),
    "100k open brackets": (b"[" * 100_000, MALFORMED),
    "100k brackets": (b"[" * 100_000 + b"]" * 100_000, REFUSED),
    "100k open braces": (b'{"instances":' * 100_000, REFUSED),
    "15 MB of brackets": (b"[" * 15_000_000, REFUSED),
    "20 MB of spaces": (b" " * 20_000_000, LARGE),
    "20 MB of rows": (b'{"instances": [' + b"[1.5]," * 3_500_000 + b"[1.5]]}", LARGE),
    "invalid UTF-8": (b'{"instances": [{"\xff\xfe": 1}]}', REFUSED),
    "an overlong slash": (b'{"instances": "\xc0\xaf"}', REFUSED),
    "half a surrogate": (b'{"instances": "\\ud800"}', REFUSED),
    "UTF-16": ('{"instances": []}'.encode("utf-16"), MALFORMED),
    "pickle": (b"cos\nsystem\n(S'true'\ntR.", MALFORMED),
}
"""A body that has nothing of a good request."""


def predict_bodies(record: Mapping[str, float]) -> dict[str, Case]:
    """For ``/predict`` of a model whose rows are records like ``record``."""
    first, *others = record
    marked = {"instances": [{**record, first: _MARK}]}
    good = json.dumps({"instances": [record]})
    cases = {name: (_valued(marked, text), statuses) for name, (text, statuses) in VALUES.items()}
    cases |= {f"whole: {name}": case for name, case in WHOLE.items()}
    narrow = {name: record[name] for name in others}
    cases |= {
        f"rows: {name}": (json.dumps(document).encode(), REFUSED)
        for name, document in {
            "a column is missing": {"instances": [narrow]},
            "the second lacks a column": {"instances": [record, narrow]},
            "a column is unknown": {"instances": [{**record, "other": 1.5}]},
            "a field is unknown": {"instances": [record], "other": 1},
            "other words": {"rows": [record]},
            "lists": {"instances": [[*record.values()]]},
            "numbers": {"instances": [1.5]},
            "an object": {"instances": {"0": record}},
            "null": {"instances": None},
        }.items()
    }
    cases["rows: 5 million numbers"] = (b'{"instances": [' + b"1," * 5_000_000 + b"1]}", {413, 422})
    cases["rows: 5 million lists"] = (b'{"instances": [' + b"[]," * 5_000_000 + b"[]]}", {413, 422})
    cases["rows: 5 million objects"] = (b'{"instances": [' + b"{}," * 5_000_000 + b"{}]}", {413, 422})
    short = json.dumps(dict.fromkeys(record, 1), separators=(",", ":")).encode()
    cases["rows: 20,001 good ones"] = (b'{"instances":[' + b",".join([short] * 20_001) + b"]}", LARGE)
    twice = f"{{{json.dumps(first)}: 1.5, {json.dumps(record)[1:]}"
    cases["twice: a column"] = (f'{{"instances": [{twice}]}}'.encode(), REFUSED)
    cases["twice: instances"] = (f'{{"instances": [], {good[1:]}'.encode(), REFUSED)
    cases["an end that is missing"] = (good[:-1].encode(), MALFORMED)
    cases["something behind the end"] = (f"{good} {good}".encode(), MALFORMED)
    cases["a byte order mark"] = (b"\xef\xbb\xbf" + good.encode(), MALFORMED)
    return cases


def infer_bodies(name: str, row: list[float]) -> dict[str, Case]:
    """For the Open Inference Protocol and a model with one input of float32, ``name``, as wide as ``row``."""
    width = len(row)

    def body(**changes: Any) -> dict[str, Any]:
        return {"inputs": [{"name": name, "datatype": "FP32", "shape": [1, width], "data": row} | changes]}

    marked = body(data=[_MARK, *row[1:]])
    cases = {name: (_valued(marked, text), statuses) for name, (text, statuses) in VALUES.items()}
    del cases["a list"]  # data may be nested, and what is too deep is among the others
    cases |= {f"whole: {name}": case for name, case in WHOLE.items()}
    documents: dict[str, Any] = {
        **{f"datatype: {kind}": body(datatype=kind) for kind in DATATYPES},
        **{f"shape: {shape}": body(shape=shape) for shape in SHAPES},
        "shape: too narrow": body(shape=[1, width - 1], data=row[1:]),
        "shape: too wide": body(shape=[1, width + 1], data=[*row, 1.5]),
        "data: one too many": body(data=[*row, 1.5]),
        "data: one too few": body(data=row[1:]),
        "data: ragged": body(data=[row[1:], [1.5]]),
        "data: a text": body(data="x" * width),
        "data: none": {"inputs": [{"name": name, "datatype": "FP32", "shape": [1, width]}]},
        "name: other": body(name="other"),
        "name: a number": body(name=3),
        "inputs: none": {"inputs": []},
        "inputs: twice the same": {"inputs": body()["inputs"] * 2},
        "inputs: a million": {"inputs": [{}] * 1_000_000},
        "outputs: other": {**body(), "outputs": [{"name": "other"}]},
        "outputs: 100,000 times the same": {**body(), "outputs": [{"name": "label"}] * 100_000},
        "parameters: a text": {**body(), "parameters": "x"},
        "binary: bytes that are not there": body(parameters={"binary_data_size": 4 * width}),
        "binary: less than none": body(parameters={"binary_data_size": -1}),
        "binary: a text": body(parameters={"binary_data_size": "all"}),
        "shared memory": body(parameters={"shared_memory_region": "x", "shared_memory_byte_size": 8}),
    }
    cases |= {name: (json.dumps(document).encode(), REFUSED) for name, document in documents.items()}
    for key, value in {"name": name, "shape": [1, width], "data": row, "parameters": {}}.items():
        again = f"{json.dumps(key)}: {json.dumps(value)}"
        for parameters in ({}, {"binary_data": False}, {"other": 1}):
            good = json.dumps(body(parameters=parameters))
            case = good.replace('"datatype"', f'{again}, "datatype"')
            cases[f"twice: {key}, parameters {json.dumps(parameters)}"] = (case.encode(), MALFORMED)
    cases["twice: inputs"] = (f'{{"inputs": [], {json.dumps(body())[1:]}'.encode(), MALFORMED)
    millions = body(shape=[5_000_000, width], data=[_MARK])
    cases["5 million rows that are not there"] = (_valued(millions, "1"), REFUSED)
    cases["5 million numbers"] = (_valued(millions, "1," * 5_000_000 + "1"), {400, 413, 422})
    cases["20,001 rows"] = (
        _valued(body(shape=[20_001, width], data=[_MARK]), "1," * (20_001 * width - 1) + "1"),
        LARGE,
    )
    return cases


DATATYPES = ("FP64", "FP16", "INT64", "BOOL", "BYTES", "fp32", "FP99", "")
SHAPES = (
    [], [30], [-1, 30], [1.5, 20], ["1", 30], [2**31, 30], [2**62, 30], [2**63, 30], [10**30, 30], [2**32, 2**32], [0, 30],
    [1] * 1000,
)  # fmt: skip


def binary_bodies(name: str, row: list[float]) -> dict[str, tuple[bytes, str, set[int]]]:
    """With values as bytes behind the JSON: the body, the header that says where the JSON ends, and the statuses."""
    width, good = len(row), struct.pack(f"<{len(row)}f", *row)

    def head(size: int, **changes: Any) -> bytes:
        tensor = {"name": name, "datatype": "FP32", "shape": [1, width], "parameters": {"binary_data_size": size}}
        return json.dumps({"inputs": [tensor | changes]}).encode()

    size = 4 * width
    whole = head(size)
    places = [str(len(whole) + place) for place in (-1, 1, size + 1)]
    lengths = ["0", "-1", "1.5", "abc", "", "9" * 30, *places]
    cases = {f"length: {length[:9] or 'empty'}": (whole + good, length, REFUSED) for length in lengths}
    packed = {
        "NaN": head(size) + struct.pack("<f", float("nan")) + good[4:],
        "Infinity": head(size) + struct.pack("<f", float("inf")) + good[4:],
    }
    cases |= {name: (body, str(len(whole)), REFUSED) for name, body in packed.items()}
    for label, text, tail in (
        ("fewer bytes than told", head(size), good[4:]),
        ("more bytes than told", head(size), good + b"rest"),
        ("told fewer than the shape has", head(size - 4), good[4:]),
        ("told more than there are", head(2**40), good),
        ("told 2 to the 70", head(2**70), good),
        ("no whole numbers", head(size - 1), good[1:]),
        ("a shape of petabytes", head(size, shape=[2**45, width]), good),
        ("texts that run over", head(size, datatype="BYTES"), struct.pack("<I", 2**32 - 1) + good[4:]),
    ):
        cases[label] = (text + tail, str(len(text)), REFUSED)
    return cases
