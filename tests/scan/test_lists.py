"""The lists of names: what is in them, what must not be, and what it means to be in none."""

from __future__ import annotations

import json

import pytest
from names import list_files
from names.never import is_never

from mlpack.core.errors import UsageError
from mlpack.core.trust import Use
from mlpack.scan import lists
from mlpack.scan.lists import list_of, names_of, owns_names, roles_of, severity_of

FILES = sorted(list_files.FOLDER.glob("*.json"))
LIBRARIES = {"joblib", "lightgbm", "numpy", "pandas", "pyarrow", "python", "scipy", "sklearn", "torch", "xgboost"}


def uses(path):
    return list(json.loads(path.read_text("utf-8"))["names"])


def test_there_is_a_list_for_each_library():
    assert {path.stem for path in FILES} >= LIBRARIES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_list_is_small_sorted_and_of_one_library(path):
    assert path.stat().st_size < 100_000
    assert uses(path) == sorted(uses(path))
    assert {list_of(Use.parse(use).module) for use in uses(path)} == {path.stem}
    assert path.read_text("utf-8") == list_files.written(path.stem, list_files.read(path.stem))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_list_holds_what_runs_code(path):
    assert [use for use in uses(path) if is_never(Use.parse(use))] == []


@pytest.mark.parametrize(
    "use",
    [
        *("os:system:called", "posix:system:referred", "builtins:eval:called", "builtins:getattr:called"),
        *("functools:partial:called", "operator:attrgetter:called", "operator:itemgetter:built"),
        *("importlib:import_module:called", "pickle:loads:called", "joblib:load:called", "numpy:load:referred"),
        *("torch:load:called", "torch.storage:_load_from_bytes:called", "runpy:run_path:called", "ctypes:CDLL:built"),
        *("pandas:read_pickle:referred", "numpy.f2py.diagnose:run:called", "joblib.memory:MemorizedFunc:built"),
        *(
            "functools:partial(os.system):called",
            "builtins:str.format:referred",
            "sklearn.utils.validation:check_array.x:called",
        ),
    ],
)
def test_what_is_never_listed(use):
    assert is_never(Use.parse(use))
    parsed = Use.parse(use)
    assert parsed.role not in roles_of(parsed.module, parsed.name)


def test_a_list_is_exact():
    assert roles_of("sklearn.linear_model._ridge", "Ridge") == {"built", "referred"}
    near = [
        ("sklearn.linear_model", "Ridge"),
        ("sklearn.linear_model._ridge", "ridge"),
        ("sklearn.linear_model._ridge ", "Ridge"),
    ]
    near += [("SKLEARN.linear_model._ridge", "Ridge"), ("sklearn.linear_model._ridge", "Ridge.fit"), ("", "Ridge")]
    near += [("python", "builtins:set:called"), ("../lists/sklearn", "Ridge"), ("sklearn", ""), ("\x00", "\x00")]
    assert [name for name in near if roles_of(*name)] == []


def test_roles_are_told_apart():
    assert roles_of("collections", "deque") == {"called"}
    assert roles_of("numpy", "log1p") == {"referred"}
    assert roles_of("sklearn.pipeline", "Pipeline") == {"built"}


def test_modules_that_go_by_two_names():
    assert (
        roles_of("numpy.core.multiarray", "_reconstruct")
        == roles_of("numpy._core.multiarray", "_reconstruct")
        == {"called"}
    )
    assert roles_of("numpy.core2.multiarray", "_reconstruct") == frozenset()
    assert "called" in roles_of("_loss", "__pyx_unpickle_CyHalfMultinomialLoss")


def test_a_class_whose_methods_are_listed_is_not_listed_itself():
    assert roles_of("zoneinfo", "ZoneInfo") == frozenset()
    assert roles_of("zoneinfo", "ZoneInfo._unpickle") == {"called"}
    assert owns_names("zoneinfo", "ZoneInfo")
    assert not owns_names("zoneinfo", "Zone")


@pytest.mark.parametrize(
    ("use", "severity"),
    [
        ("os:system:called", "error"),
        ("builtins:eval:called", "error"),
        ("builtins:getattr:called", "error"),
        ("importlib:import_module:called", "error"),
        ("functools:partial:called", "warning"),
        ("functools:reduce:called", "error"),
        ("operator:itemgetter:called", "warning"),
        ("operator:methodcaller:called", "error"),
        ("math:sqrt:referred", "warning"),
        ("math:sqrt:called", "error"),
        ("numpy:gradient:referred", "warning"),
        ("numpy:load:referred", "error"),
        ("numpy:fromfile:referred", "error"),
        ("numpy.testing._private.utils:runstring:called", "error"),
        ("scipy.signal._savitzky_golay:savgol_filter:referred", "warning"),
        ("scipy.newer:Thing:built", "warning"),
        ("scipy.io:loadmat:called", "error"),
        ("pandas:read_pickle:called", "error"),
        ("pandas.newer:Thing:built", "warning"),
        ("sklearn.newer:Thing:built", "warning"),
        ("sklearn.utils.something:run:called", "error"),
        ("xgboost.newer:Thing:built", "warning"),
        ("xgboost.collective:init:called", "error"),
        ("torch.nn.modules.linear:Linear:built", "warning"),
        ("torch.hub:load:called", "error"),
        ("tensorflow:load_library:called", "error"),
        ("__main__:Mine:built", "warning"),
        ("theirs.features:Scaler:built", "warning"),
        ("pip:main:called", "error"),
    ],
)
def test_what_is_in_no_list(use, severity):
    parsed = Use.parse(use)
    assert severity_of(parsed.module, parsed.name, parsed.role) == severity


def test_a_package_without_a_list():
    assert names_of("theirs") is None
    assert names_of("no/package") is None
    assert names_of("a" * 10_000) is None


def test_a_use_of_a_partial_can_be_allowed():
    assert str(Use.parse("functools:partial(theirs.scale):called")) == "functools:partial(theirs.scale):called"
    for text in ("functools:partial():called", "functools:(x):called", "functools:partial(x)(y):called"):
        with pytest.raises(UsageError):
            Use.parse(text)


def test_a_version_adds_to_what_other_versions_use():
    shipped = {"a:X:built": ["1.0"], "a:Y:built": ["1.0", "2.0"], "a:Z:built": ["2.0"]}
    assert list_files.merged(shipped, {"a:X:built", "a:W:built"}, "2.0") == {
        "a:W:built": ["2.0"],
        "a:X:built": ["1.0", "2.0"],
        "a:Y:built": ["1.0"],
    }


def test_versions_are_in_order():
    merged = list_files.merged({"a:X:built": ["1.9", "1.10"]}, {"a:X:built"}, "1.2")
    assert merged == {"a:X:built": ["1.2", "1.9", "1.10"]}


def test_names_of_python_stay_whatever_libraries_use_them():
    assert list_files.merged({"os:PathLike:built": ["3.11"]}, (), "3.11") == {"os:PathLike:built": ["3.11"]}


def test_a_name_that_no_list_may_hold_stops_the_script():
    with pytest.raises(ValueError, match=r"a sample uses os:system:called, which no list may hold"):
        list_files.by_library([(Use("os", "system", "called"), "a sample")])


def test_lists_are_read_once():
    assert lists.names_of("numpy") is lists.names_of("numpy")
