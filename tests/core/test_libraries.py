import subprocess
import sys

import pytest

from mlpack.core.errors import MissingLibraryError
from mlpack.core.libraries import import_ahead, import_library


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_scikit_learn_comes_without_pandas_and_rich_which_can_be_imported_afterwards():
    told = run("""
import sys
from mlpack.core.libraries import import_ahead, own_this_process
own_this_process()
import_ahead(["sklearn"])
print("sklearn.base" in sys.modules, "pandas" in sys.modules, "rich" in sys.modules)
import pandas, rich
from sklearn.preprocessing import StandardScaler
scaled = StandardScaler().set_output(transform="pandas").fit_transform(pandas.DataFrame({"a": [1.0, 3.0]}))
print(type(scaled).__name__, *scaled["a"])
""")
    assert told == ["True", "False", "False", "DataFrame", "-1.0", "1.0"]


def test_what_was_imported_before_stays():
    told = run("""
import sys, pandas
from mlpack.core.libraries import import_ahead, own_this_process
own_this_process()
import_ahead(["sklearn"])
print(sys.modules["pandas"] is pandas)
""")
    assert told == ["True"]


def test_nothing_is_hidden_in_a_process_of_somebody_else():
    told = run("""
import sys
from mlpack.core.libraries import without_pandas
with without_pandas():
    import pandas
print(sys.modules["pandas"] is pandas)
""")
    assert told == ["True"]


def test_pandas_is_hidden_from_no_other_library():
    """LightGBM would take frames for something else as long as it lives."""
    told = run("""
import sys
from mlpack.core.libraries import import_ahead, own_this_process
own_this_process()
import_ahead(["lightgbm"])
import pandas
from lightgbm.compat import pd_DataFrame
print(pd_DataFrame is pandas.DataFrame)
""")
    assert told == ["True"]


def test_what_is_not_installed_is_passed_over():
    import_ahead(["no_such_library"])


def test_a_library_that_is_missing_names_its_extra():
    with pytest.raises(MissingLibraryError) as caught:
        import_library("no_such_library", "torch", "loading model.pt")
    assert "loading model.pt needs no_such_library" in str(caught.value)
    assert caught.value.hint == 'pip install "mlpack-toolkit[torch]"'
