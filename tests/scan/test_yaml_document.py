"""A YAML document from anybody: what is let through, and what is not."""

import pytest

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.rules import mlflow
from mlpack.scan.yaml_document import MOST_BYTES, read_yaml


def document(tmp_path, text):
    path = tmp_path / "MLmodel"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path, mlflow.YAML)


def test_plain_values(tmp_path):
    text = """
flavors:
  sklearn: {pickled_model: model.pkl, code: null, empty: , tilde: ~}
  list:
  - 12
  - -3
  - true
  - False
  - 1.5
  - 2026-11-27
  - '12'
  - "a: b"
  - yes
text: |
  two
  lines
7: seven
"""
    assert document(tmp_path, text) == {
        "flavors": {
            "sklearn": {"pickled_model": "model.pkl", "code": None, "empty": None, "tilde": None},
            "list": [12, -3, True, "False", "1.5", "2026-11-27", "12", "a: b", "yes"],
        },
        "text": "two\nlines\n",
        "7": "seven",
    }


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n"])
def test_nothing_is_none(tmp_path, text):
    assert document(tmp_path, text) is None


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}]\n"
    for before, name in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True)
)
UNSAFE = {
    "billion laughs": (LAUGHS, "alias or an anchor, in line 1"),
    "an anchor alone": ("a: &a 1", "alias or an anchor"),
    "a merge": ("a: &a {x: 1}\nb: {<<: *a}", "alias or an anchor"),
    "a Python object": (
        "a: !!python/object/apply:os.system [id]",
        "tag tag:yaml.org,2002:python/object/apply:os.system",
    ),
    "any tag": ("a: !x 1", "tag !x"),
    "a harmless tag": ("a: !!str 1", "tag"),
    "deep nesting": ("a: " + "[" * 500, "nested more than 32 deep"),
    "deep mappings": ("".join(f"{' ' * depth}a:\n" for depth in range(60)), "nested more than 32 deep"),
    "very many parts": ("a: [" + "x," * 300_000 + "]", "more than 200,000 parts"),
    "very large": ("#" * (MOST_BYTES + 1), "more than 4 MiB"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_what_is_refused_as_unsafe(tmp_path, name):
    text, why = UNSAFE[name]
    with pytest.raises(UnsafeFileError) as caught:
        document(tmp_path, text)
    assert why in caught.value.why
    assert caught.value.findings[0].rule == "mlflow/yaml"


CORRUPT = {
    "a key twice": "a: 1\na: 2",
    "a key that is a list": "? [1, 2]\n: x",
    "a key that is nothing": "~: x",
    "no YAML": "a: [1, 2",
    "a tab": "a:\n\t- 1",
    "two documents": "a: 1\n---\nb: 2",
    "no text": b"\x80\x04\x95",
    "control characters": b"a: \x00",
}


@pytest.mark.parametrize("name", CORRUPT)
def test_what_is_damaged(tmp_path, name):
    with pytest.raises(CorruptFileError):
        document(tmp_path, CORRUPT[name])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CorruptFileError, match="cannot be read"):
        read_yaml(tmp_path / "MLmodel", mlflow.YAML)


def test_a_number_of_a_million_digits_is_text(tmp_path):
    assert document(tmp_path, f"a: {'9' * 1_000_000}")["a"] == "9" * 1_000_000
