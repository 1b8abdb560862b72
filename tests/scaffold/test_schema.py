"""``schema.py``: honest types for every layout, whatever the names are, and the same verdicts as the service's own coercer."""

import ast
import builtins
import json
import keyword
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scaffold.cases import ALL, DTYPES, HOSTILE, bundle_of, names, numbers, schema_module, signatures

from mlpack.runtime.coerce.answers import Answers
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.errors import ContractError
from mlpack.runtime.service.golden import read_golden
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.scaffold.schema import schema_source

SNAPSHOTS = Path(__file__).parent / "snapshots"
CALLS = {"Field", "ConfigDict", "OneOf", "Path", "loads", "with_name", "read_text"}
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", ALL)
def test_it_is_as_it_was(name):
    """To take a change over: write what it renders into the snapshot, and read the difference."""
    assert schema_source(ALL[name]) == (SNAPSHOTS / f"{name}.txt").read_text()


def test_the_snapshots_are_small():
    assert sum(path.stat().st_size for path in SNAPSHOTS.iterdir()) < 20_000


def called(source):
    found = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {func.id if isinstance(func, ast.Name) else func.attr for func in found}


@RELAXED
@given(signatures())
def test_no_name_becomes_code(signature):
    source = schema_source(signature)
    assert called(source) <= CALLS
    kinds = {type(node).__name__ for node in ast.parse(source).body}
    assert kinds <= {"Expr", "Import", "ImportFrom", "Assign", "AnnAssign", "ClassDef"}
    texts = [node.value for node in ast.parse(source).body if isinstance(node, ast.Expr)]
    assert all(isinstance(text, ast.Constant) for text in texts)


@RELAXED
@given(signatures(), st.data())
def test_it_takes_what_the_service_takes(signature, data):
    rows = Rows(signature)
    row = data.draw(instances(rows))
    body = json.dumps({"instances": [row]})
    with tempfile.TemporaryDirectory() as folder:
        module = schema_module(schema_source(signature), Path(folder))
    assert taken_by_types(module, body) == taken_by_rows(rows, row), body


def taken_by_types(module, body):
    try:
        module.PredictRequest.model_validate_json(body)
    except ValidationError:
        return False
    return True


def taken_by_rows(rows, row):
    try:
        rows.feed_of_instances([row])
    except ContractError:
        return False
    return True


def instances(rows):
    """Instances that are right, and wrong in one place or another."""
    layout = rows.layout
    values = [value_of(field) for field in layout.fields]
    if layout.kind == "values":
        return values[0]
    if layout.kind == "lists":
        return st.one_of(st.tuples(*values).map(list), st.lists(values[0], max_size=4))
    if layout.kind == "tensors":
        values = [nested(value, spec.shape[1:]) for value, spec in zip(values, layout.inputs, strict=True)]
        if len(values) == 1:
            return values[0]
    whole = st.fixed_dictionaries(dict(zip(layout.names, values, strict=True)))
    return st.one_of(whole, whole, st.tuples(whole, names, st.just(1)).map(lambda one: {**one[0], one[1]: one[2]}))


def nested(value, sizes):
    """Never ragged along a free axis: that the lists are of one length there is nothing that types can say."""
    for size in reversed(sizes):
        if isinstance(size, int):
            value = st.one_of(st.lists(value, min_size=size, max_size=size), st.lists(value, max_size=size))
        else:
            value = st.one_of(st.lists(value, min_size=2, max_size=2), st.just([]))
    return value


def value_of(field):
    known = st.sampled_from(field.categories) if field.categories else st.nothing()
    bounded = field.low is not None or field.high is not None
    # Bounds are for what the model gets: a value that the dtype rounds onto one is let through, and types see it before.
    finite = numbers if bounded else st.floats(allow_nan=False, allow_infinity=False)
    plain = {
        "float": st.one_of(finite, st.integers(-300, 300), st.just(3.4028235677973366e38)),
        "int": st.one_of(st.integers(-300, 300), st.sampled_from([2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1])),
        "bool": st.booleans(),
        "string": names,
    }[field.kind]  # fmt: skip
    odd = st.sampled_from([None, True, 1, 1.0, "1", [], {}, 10**400])
    return st.one_of(plain, plain, known, known, odd)


def test_ruff_has_nothing_against_it(tmp_path):
    """Neither its rules nor its format, with the settings of the rendered project."""
    written = []

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(signatures())
    def write(signature):
        folder = tmp_path / f"project_{len(written)}"
        folder.mkdir()
        (folder / "schema.py").write_text(schema_source(signature), encoding="utf-8")
        written.append(folder)

    write()
    template = Path(__file__).parent.parent.parent / "templates" / "service" / "pyproject.toml.j2"
    (tmp_path / "pyproject.toml").write_text(template.read_text().replace("{{ name }}", "model"))
    for arguments in (["check", "--quiet"], ["format", "--check", "--diff", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "."]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr


def test_a_column_keeps_its_name_where_it_may(tmp_path):
    columns = ("Age", "größe", "id", "model_x", "json", "a b", "a_b", "class")
    signature = Signature(
        (TensorSpec("input", "float64", ("batch", 8)),), ALL["list"].outputs, columns={"input": columns}
    )
    fields = schema_module(schema_source(signature), tmp_path).Instance.model_fields
    aliases = {name: field.alias for name, field in fields.items() if field.alias}
    assert list(fields) == ["Age", "größe", "id", "field_model_x", "field_json", "a_b_2", "a_b", "class_"]
    assert aliases == {"field_model_x": "model_x", "field_json": "json", "a_b_2": "a b", "class_": "class"}


@pytest.mark.filterwarnings("error")
def test_no_name_is_in_the_way_of_pydantic(tmp_path):
    from pydantic import BaseModel

    attributes = [name for name in dir(BaseModel) if name.isidentifier()]
    columns = tuple(dict.fromkeys([*HOSTILE, *attributes, *DTYPES, *dir(builtins), *keyword.kwlist]))
    spec = TensorSpec("input", "float32", ("batch", len(columns)))
    signature = Signature((spec,), ALL["list"].outputs, columns={"input": columns})
    module = schema_module(schema_source(signature), tmp_path)
    row = dict.fromkeys(columns, 1.0)
    taken = module.PredictRequest.model_validate_json(json.dumps({"instances": [row]}))
    assert taken.instances[0].model_dump(by_alias=True) == row


def test_many_categories_and_many_classes_stay_plain(tmp_path):
    many = tuple(f"place {number}" for number in range(5000))
    label = TensorSpec("label", "string", ("batch",), "label")
    probabilities = TensorSpec("probabilities", "float64", ("batch", 5000), "probabilities")
    signature = Signature(
        (TensorSpec("place", "string", ("batch", 1)), TensorSpec("x", "float64", ("batch",))),
        (label, probabilities),
        categories={"place": many},
        closed=("place",),
        classes={"label": many, "probabilities": many},
    )
    source = schema_source(signature)
    assert "place: str" in source
    assert "probabilities: dict[str, float | None]" in source
    schema_module(source, tmp_path)


def test_an_answer_of_the_service_is_a_prediction(tmp_path):
    for name, signature in ALL.items():
        folder = tmp_path / name
        manifest = bundle_of(signature, folder / "bundle")
        golden = read_golden(manifest.folder, signature)
        module = schema_module(schema_source(signature), folder)
        predictions = Answers(signature).predictions(golden.outputs, 3)
        module.PredictResponse.model_validate_json(json.dumps({"predictions": predictions}))
