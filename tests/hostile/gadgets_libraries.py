"""Names of the libraries that models are made with, which run code, load libraries or write files."""

from __future__ import annotations

from pathlib import Path

from hostile.assembler import Code, call, hostile_pickle, name, pickled, statement, system, touch, with_state
from hostile.corpus import Hostile
from hostile.gadgets_files import beside, just, written
from hostile.gadgets_python import code, command, gadget, plain, with_self

NUMPY = "gadgets: numpy"
TORCH = "gadgets: torch internals"
LEARN = "gadgets: joblib, scikit-learn, pandas, scipy, boosters"
PACKERS = "gadgets: pip, setuptools, cloudpickle, dill"


def _inner(canary: Path) -> bytes:
    return pickled(system(canary))


def _sequential() -> Code:
    return with_state(call(name("joblib._parallel_backends", "SequentialBackend")), {"nesting_level": 0})


_NUMPY = (
    gadget(NUMPY, "numpy.f2py.crackfortran", "myeval", code),
    gadget(NUMPY, "numpy.f2py.crackfortran", "getlincoef", lambda c: (statement(c), {})),
    gadget(NUMPY, "numpy.f2py.crackfortran", "param_eval", lambda c: (statement(c), {}, {}), proof=""),
    gadget(NUMPY, "numpy.f2py.capi_maps", "load_f2cmap_file", just, proof=""),
    gadget(NUMPY, "numpy.f2py", "compile", lambda _: ("",), proof=""),
    gadget(NUMPY, "numpy.f2py.diagnose", "run", lambda _: (), proof=""),
    gadget(NUMPY, "numpy.testing._private.utils", "runstring", lambda c: (statement(c), {})),
    gadget(NUMPY, "numpy.testing._private.utils", "measure", lambda c: (statement(c), 1), proof=""),
    gadget(NUMPY, "numpy.testing", "runstring", lambda c: (statement(c), {})),
    gadget(NUMPY, "numpy.testing", "rundocs", just, proof=""),
    gadget(NUMPY, "numpy", "memmap", lambda c: (str(c), "u1", "w+", 0, (1,))),
    gadget(NUMPY, "numpy", "save", lambda c: (str(c), 0), proof=""),
    gadget(NUMPY, "numpy", "savetxt", lambda c: (str(c), [])),
    gadget(NUMPY, "numpy", "fromfile", lambda _: ("/etc/hostname", "u1"), proof=""),
    gadget(NUMPY, "numpy", "genfromtxt", lambda _: ("/etc/hostname",), proof=""),
    gadget(NUMPY, "numpy", "loadtxt", lambda _: ("/etc/hostname",), proof=""),
    gadget(NUMPY, "numpy", "load", lambda c: (str(c), None, True), proof=""),
    gadget(NUMPY, "numpy", "fromregex", lambda c: (str(c), "x", "u1"), proof=""),
    gadget(NUMPY, "numpy", "frombuffer", lambda _: (b"x", "O"), proof=""),
    gadget(NUMPY, "numpy.lib.format", "open_memmap", lambda c: (str(c), "w+", "u1", (1,))),
    gadget(NUMPY, "numpy.ctypeslib", "load_library", lambda c: (c.name, str(c.parent)), proof=""),
    gadget(NUMPY, "numpy.lib.stride_tricks", "as_strided", lambda _: (b"x", (1 << 40,), (1,)), proof=""),
    gadget(
        NUMPY,
        "numpy",
        "apply_along_axis",
        lambda c: (name("builtins", "eval"), 0, [statement(c)]),
        proof="",
    ),
    hostile_pickle(
        "numpy.vectorize",
        NUMPY,
        lambda c: call(
            name("numpy", "vectorize.__call__"), call(name("numpy", "vectorize"), name("posix", "system")), touch(c)
        ),
        "numpy.vectorize",
        "posix.system",
    ),
    hostile_pickle(
        "numpy.ndarray.tofile",
        NUMPY,
        lambda c: call(name("numpy", "ndarray.tofile"), call(name("numpy", "array"), [1]), str(c)),
        "numpy.ndarray.tofile",
    ),
    hostile_pickle(
        "numpy.ndarray.dump",
        NUMPY,
        lambda c: call(name("numpy", "ndarray.dump"), call(name("numpy", "array"), [1]), str(c)),
        "numpy.ndarray.dump",
    ),
)

_TORCH = (
    gadget(TORCH, "torch.utils.collect_env", "run", command),
    gadget(
        TORCH,
        "torch.utils.collect_env",
        "run_and_read_all",
        lambda c: (name("torch.utils.collect_env", "run"), touch(c)),
    ),
    gadget(TORCH, "torch.jit.unsupported_tensor_ops", "execWrapper", lambda c: (statement(c), {}, {})),
    gadget(TORCH, "torch.utils.bottleneck.__main__", "run_autograd_prof", lambda c: (statement(c), {}), proof=""),
    gadget(TORCH, "torch.utils.bottleneck.__main__", "run_cprofile", lambda c: (statement(c), {})),
    gadget(TORCH, "torch.fx.graph_module", "_exec_with_source", lambda c: (statement(c), {})),
    gadget(TORCH, "torch.fx.graph_module", "_forward_from_src", lambda c: (f"{statement(c)}\ndef forward(): pass", {})),
    gadget(TORCH, "torch.fx.graph_module", "reduce_graph_module", lambda c: ({"_code": statement(c)}, ""), proof=""),
    gadget(TORCH, "torch.storage", "_load_from_bytes", lambda c: (_inner(c),)),
    gadget(TORCH, "torch.serialization", "load", just, proof=""),
    gadget(TORCH, "torch", "load", just, proof=""),
    gadget(TORCH, "torch.jit", "load", just, proof=""),
    gadget(TORCH, "torch.hub", "load", lambda c: (str(c.parent), "m"), proof=""),
    gadget(TORCH, "torch.hub", "download_url_to_file", lambda c: ("file:///etc/hostname", str(c))),
    gadget(TORCH, "torch.hub", "load_state_dict_from_url", lambda _: ("http://localhost",), proof=""),
    gadget(TORCH, "torch.utils.cpp_extension", "load_inline", lambda _: ("x", ""), proof=""),
    gadget(TORCH, "torch.utils.model_zoo", "load_url", lambda _: ("http://localhost",), proof=""),
    gadget(TORCH, "torch._inductor.codecache", "PyCodeCache.load", code),
    gadget(TORCH, "torch.distributed.elastic.multiprocessing.api", "start_processes", lambda _: (), proof=""),
    gadget(TORCH, "torch.multiprocessing", "spawn", lambda _: (name("builtins", "print"),), proof=""),
    gadget(TORCH, "torch.ops", "load_library", just, proof=""),
    gadget(TORCH, "torch.classes", "load_library", just, proof=""),
    gadget(
        TORCH,
        "torch._dynamo.guards",
        "GuardBuilder.get",
        lambda c: (plain("types", "SimpleNamespace"), statement(c)),
        proof="",
    ),
    gadget(TORCH, "torch._dynamo.config", "__dict__", lambda _: (), proof=""),
    hostile_pickle(
        "torch._guards.Source.get_value",
        TORCH,
        lambda c: call(
            name("torch._guards", "Source.get_value"),
            with_state(call(name("types", "SimpleNamespace")), {"_name_template": statement(c)}),
            {},
            {},
            (),
        ),
        "torch._guards.Source.get_value",
    ),
    with_self(
        TORCH,
        "torch.fx.experimental.symbolic_shapes",
        "ShapeEnv.evaluate_guards_expression",
        plain("types", "SimpleNamespace"),
        lambda c: (f"__import__('os').system({touch(c)!r})", ()),
    ),
    with_self(
        TORCH,
        "torch.utils._config_module",
        "ConfigModule.load_config",
        call(name("torch.utils._config_module", "ConfigModule"), "x"),
        lambda c: (_inner(c),),
        proof="",
    ),
    beside(
        "torch.package.PackageImporter",
        "p.pt",
        statement,
        lambda f: call(name("torch.package", "PackageImporter"), str(f)),
        "torch.package.PackageImporter",
        proof="",
    ),
)

_LEARN = (
    gadget(LEARN, "joblib.memory", "Memory", just),
    gadget(LEARN, "joblib.disk", "mkdirp", just),
    gadget(LEARN, "joblib.disk", "rm_subdirs", just, proof=""),
    gadget(LEARN, "joblib.disk", "delete_folder", just, proof=""),
    gadget(
        LEARN,
        "joblib._memmapping_reducer",
        "_strided_from_memmap",
        lambda c: (str(c), "u1", "w+", 0, "C", (1,), None, 1, False),
        proof="",
    ),
    gadget(LEARN, "joblib.backports", "make_memmap", lambda c: (str(c), "u1", "w+", 0, (1,))),
    gadget(LEARN, "joblib.numpy_pickle", "dump", lambda c: (1, str(c))),
    gadget(LEARN, "joblib", "dump", lambda c: (1, str(c))),
    gadget(LEARN, "joblib.numpy_pickle", "load", just, proof=""),
    gadget(LEARN, "joblib.externals.loky.backend.spawn", "prepare", lambda _: ({},), proof=""),
    gadget(LEARN, "joblib.externals.cloudpickle.cloudpickle", "_make_function", lambda _: (), proof=""),
    hostile_pickle(
        "joblib.parallel.BatchedCalls",
        LEARN,
        lambda c: call(
            name("joblib.parallel", "BatchedCalls.__call__"),
            call(
                name("joblib.parallel", "BatchedCalls"),
                [(name("posix", "system"), (touch(c),), {})],
                (_sequential(), 1),
            ),
        ),
        "joblib.parallel.BatchedCalls",
    ),
    gadget(LEARN, "sklearn.datasets", "fetch_openml", lambda _: ("iris",), proof=""),
    gadget(LEARN, "sklearn.datasets", "load_files", just, proof=""),
    gadget(LEARN, "sklearn.datasets._svmlight_format_io", "dump_svmlight_file", lambda c: ([[1.0]], [1.0], str(c))),
    gadget(LEARN, "sklearn.datasets._base", "_fetch_remote", lambda _: (None,), proof=""),
    gadget(LEARN, "sklearn.utils._show_versions", "show_versions", lambda _: (), proof=""),
    gadget(LEARN, "pandas", "read_csv", just, proof=""),
    gadget(LEARN, "pandas.io.common", "get_handle", written),
    gadget(LEARN, "pandas.io.clipboard", "determine_clipboard", lambda _: (), proof=""),
    gadget(LEARN, "pandas.util._tester", "test", lambda _: (), proof=""),
    gadget(
        LEARN,
        "pandas",
        "eval",
        lambda c: (
            f"os.system({touch(c)!r})",
            "pandas",
            "python",
            {"os": call(name("importlib", "import_module"), "os")},
        ),
    ),
    hostile_pickle(
        "pandas.DataFrame.query",
        LEARN,
        lambda c: call(
            name("pandas.core.frame", "DataFrame.query"),
            call(name("pandas.core.frame", "DataFrame"), {"a": [1]}),
            f'@pd.compat.os.system("{touch(c)}")',
        ),
        "pandas.core.frame.DataFrame.query",
        proof="",
    ),
    hostile_pickle(
        "pandas.DataFrame.to_pickle",
        LEARN,
        lambda c: call(
            name("pandas.core.frame", "DataFrame.to_pickle"),
            call(name("pandas.core.frame", "DataFrame"), {"a": [1]}),
            str(c),
        ),
        "pandas.core.frame.DataFrame.to_pickle",
    ),
    hostile_pickle(
        "pandas.DataFrame.pipe",
        LEARN,
        lambda c: call(
            name("pandas.core.frame", "DataFrame.pipe"),
            call(name("pandas.core.frame", "DataFrame"), {"a": [1]}),
            (name("posix", "system"), "x"),
            touch(c),
        ),
        "pandas.core.frame.DataFrame.pipe",
        proof="",
    ),
    gadget(LEARN, "scipy.io", "savemat", lambda c: (str(c), {}, False)),
    gadget(LEARN, "scipy.io", "netcdf_file", written),
    gadget(LEARN, "scipy.io", "loadmat", just, proof=""),
    gadget(LEARN, "scipy.io.wavfile", "write", lambda c: (str(c), 1, call(name("numpy", "array"), [1.0]))),
    gadget(LEARN, "scipy.optimize", "minimize", lambda _: (name("builtins", "print"), [1.0]), proof=""),
    gadget(LEARN, "xgboost.core", "_load_lib", lambda _: (), proof=""),
    gadget(LEARN, "xgboost.core", "Booster", lambda _: ({}, (), "/etc/hostname"), proof=""),
    gadget(LEARN, "xgboost.tracker", "RabitTracker", lambda _: (1, "127.0.0.1"), proof=""),
    gadget(LEARN, "lightgbm.basic", "Booster", lambda _: ({}, None, "/etc/hostname"), proof=""),
    hostile_pickle(
        "xgboost.core.Booster.save_model",
        LEARN,
        lambda c: call(name("xgboost.core", "Booster.save_model"), call(name("xgboost.core", "Booster")), f"{c}"),
        "xgboost.core.Booster.save_model",
    ),
    hostile_pickle(
        "FunctionTransformer-that-runs-eval",
        LEARN,
        lambda _: with_state(
            call(name("sklearn.preprocessing._function_transformer", "FunctionTransformer")),
            {"func": name("builtins", "eval"), "kw_args": None, "validate": False},
        ),
        "builtins.eval",
        proof="",
    ),
    hostile_pickle(
        "CountVectorizer-that-runs-a-command",
        LEARN,
        lambda _: with_state(
            call(name("sklearn.feature_extraction.text", "CountVectorizer")), {"tokenizer": name("posix", "system")}
        ),
        "posix.system",
        proof="",
    ),
)

_PACKERS = (
    gadget(PACKERS, "pip", "main", lambda c: (["list", "--log", str(c)],)),
    gadget(PACKERS, "pip._internal", "main", lambda c: (["list", "--log", str(c)],)),
    gadget(PACKERS, "pip._internal.cli.main", "main", lambda c: (["list", "--log", str(c)],)),
    gadget(PACKERS, "pip._internal.utils.subprocess", "call_subprocess", lambda c: (["touch", str(c)],), proof=""),
    gadget(PACKERS, "setuptools.sandbox", "run_setup", lambda _: ("setup.py", []), proof=""),
    gadget(PACKERS, "setuptools._distutils.spawn", "spawn", lambda c: (["touch", str(c)],)),
    gadget(PACKERS, "pkg_resources", "run_script", lambda _: ("x", "y"), proof=""),
    gadget(PACKERS, "cloudpickle", "loads", lambda c: (_inner(c),), shown="loads"),
    gadget(
        PACKERS, "cloudpickle.cloudpickle", "subimport", lambda _: ("antigravity",), proof="", verdicts=("needs-trust",)
    ),
    gadget(
        PACKERS,
        "cloudpickle.cloudpickle",
        "_builtin_type",
        lambda _: ("CodeType",),
        proof="",
        verdicts=("needs-trust",),
    ),
    gadget(PACKERS, "dill._dill", "_create_code", lambda _: (), proof="", verdicts=("needs-trust",)),
    gadget(PACKERS, "dill._dill", "_eval_repr", code, verdicts=("needs-trust",)),
    gadget(PACKERS, "dill._dill", "_import_module", lambda _: ("antigravity",), proof="", verdicts=("needs-trust",)),
    gadget(PACKERS, "dill", "loads", lambda c: (_inner(c),)),
    gadget(PACKERS, "IPython", "embed", lambda _: (), proof=""),
    gadget(PACKERS, "mlpack.isolate", "Worker", lambda _: ("x:y",), proof=""),
    gadget(PACKERS, "psutil", "Popen", lambda c: (["touch", str(c)],)),
    gadget(PACKERS, "numexpr", "evaluate", code, proof=""),
    gadget(PACKERS, "sympy", "sympify", code),
    gadget(PACKERS, "sympy.parsing.sympy_parser", "eval_expr", lambda c: (statement(c), {}, {})),
    gadget(PACKERS, "yaml", "unsafe_load", lambda c: (f"!!python/object/apply:os.system ['{touch(c)}']",)),
    gadget(PACKERS, "docker", "from_env", lambda _: (), proof=""),
    gadget(PACKERS, "fsspec", "open", lambda _: ("http://localhost",), proof=""),
    gadget(PACKERS, "jinja2.environment", "Template", lambda _: ("{{ x }}",), proof=""),
    gadget(PACKERS, "lark.load_grammar", "load_grammar", lambda _: ("",), proof=""),
    gadget(PACKERS, "click", "edit", lambda c: ("x", touch(c)), proof=""),
)

HOSTILE: tuple[Hostile, ...] = (*_NUMPY, *_TORCH, *_LEARN, *_PACKERS)
