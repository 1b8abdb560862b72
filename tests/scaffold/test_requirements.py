"""What a service is installed from: all that it imports, pinned, with hashes where an index gives them."""

import ast
import re
import sys
from dataclasses import replace
from importlib.metadata import packages_distributions

import pytest
from scaffold.cases import TABLE, bundle_of

from mlpack.core.errors import CorruptFileError
from mlpack.scaffold.folder import RUNTIME
from mlpack.scaffold.requirements import lock_of, pip_errors

OF_FORMATS = {
    "onnxruntime",
    "torch",
    "keras",
    "tensorflow",
    "joblib",
    "sklearn",
    "xgboost",
    "lightgbm",
    "pandas",
    "scipy",
}
OPTIONAL = {"opentelemetry", "ml_dtypes", "threadpoolctl", "lz4"}
PIN = re.compile(r"^([a-z0-9-]+)==([^ \n]+)( \\\n    --hash=sha256:[0-9a-f]{64})?$", re.MULTILINE)


@pytest.fixture
def manifest(tmp_path):
    return bundle_of(TABLE, tmp_path / "table.mlpack")


@pytest.fixture
def no_index(monkeypatch, tmp_path):
    """pip as it is set up where there is no network."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


def requiring(manifest, *lines):
    return replace(manifest, document={**manifest.document, "requirements": list(lines)})


def pins(lock):
    return {name: version for name, version, _ in PIN.findall(lock.text)}


def test_everything_that_the_runtime_imports_is_in_it(manifest):
    imported = set()
    for path in RUNTIME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                imported.add(node.module.partition(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - OF_FORMATS - OPTIONAL - {"google"}
    assert {"fastapi", "grpc", "numpy"} <= foreign
    owners = packages_distributions()
    named = pins(lock_of(manifest, hashes=False))
    assert not {name for name in foreign if not {one.lower().replace("_", "-") for one in owners[name]} & set(named)}


def test_without_hashes_all_that_it_requires_is_pinned(manifest):
    lock = lock_of(manifest, hashes=False)
    assert {"starlette", "anyio", "pydantic-core", "h11"} <= set(pins(lock))
    assert lock.packages == len(pins(lock))
    assert "--no-lock" in lock.reason
    assert "mlpack" not in lock.text
    assert lock == lock_of(manifest, hashes=False)


@pytest.mark.usefixtures("no_index")
def test_where_no_index_is_reached_it_says_so(manifest):
    lock = lock_of(manifest)
    assert "pip says" in lock.reason
    assert "There are no hashes" in lock.text
    assert "--hash" not in lock.text
    assert "onnxruntime" not in pins(lock)
    assert pins(lock)["fastapi"]


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "numpy>=2",
        "numpy",
        "numpy==2.*",
        "evil @ https://evil.example/evil.whl",
        "numpy==1.0\n--extra-index-url https://evil.example",
        "-r /etc/passwd",
    ],
)
def test_a_manifest_that_requires_more_than_a_version_is_refused(manifest, line):
    with pytest.raises(CorruptFileError, match="pins no version"):
        lock_of(requiring(manifest, line), hashes=False)


@pytest.mark.usefixtures("no_index")
def test_a_library_that_is_not_here_is_pinned_as_the_bundle_has_it(manifest):
    assert pins(lock_of(requiring(manifest, "no-such-library==1.2.3")))["no-such-library"] == "1.2.3"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("WARNING: slow\n  ERROR: none fits\nERROR: nothing for x\n", ["none fits", "nothing for x"]),
        ("Traceback:\n\nOSError: full\n", ["OSError: full"]),
        ("\n", []),
    ],
)
def test_what_pip_calls_an_error_is_taken_from_what_it_says(text, told):
    assert pip_errors(text) == told
