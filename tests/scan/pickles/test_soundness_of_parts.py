"""Objects whose numbers point beyond what is there: every kind of which compiled code believes them."""

from __future__ import annotations

import copyreg
import io
import pickle
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas._libs.internals import BlockPlacement, _unpickle_block
from pandas.core.internals.managers import BlockManager
from scipy import sparse
from scipy.spatial import cKDTree
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neighbors import BallTree, KDTree
from sklearn.tree import DecisionTreeClassifier
from sklearn.tree._tree import Tree

from mlpack.core.errors import UnsafeFileError
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.source import source_of

ROWS = np.random.default_rng(0).random((60, 3))
LABELS = np.arange(60) % 2
FAR = 1_000_000


def load(value):
    return load_pickle(source_of(io.BytesIO(pickle.dumps(value, 5)), "test"), Gate())


def matrix(kind):
    return getattr(sparse, kind)(np.diag(np.arange(1.0, 5.0)))


def compressed_beyond(kind):
    made = matrix(kind)
    made.indices[0] = FAR
    return made


def rows_beyond(kind):
    made = matrix(kind)
    made.indptr[-1] = FAR
    return made


def rows_missing():
    made = matrix("csr_matrix")
    made.indptr = made.indptr[:-1]
    return made


def coordinates_beyond(kind):
    made = matrix(kind)
    made.coords[0][0] = FAR
    return made


def diagonals_missing():
    made = matrix("dia_array")
    made.offsets = np.arange(FAR)
    return made


def list_beyond():
    made = matrix("lil_matrix")
    made.rows[0] = [FAR]
    return made


def category_beyond():
    made = pd.Categorical(["a", "b"])
    made._ndarray[0] = 99
    return made


def label_beyond():
    return pd.MultiIndex([["a"], [1]], [[0, 0], [0, 99]], verify_integrity=False)


def column_beyond():
    made = pd.DataFrame(np.eye(3))
    made._mgr.blocks[0].mgr_locs = BlockPlacement(slice(FAR, FAR + 3))
    return made


def rows_of_a_table_missing():
    made = pd.Series(np.eye(3)[0])
    made._mgr.axes[0] = pd.RangeIndex(FAR)
    return made


def text_beyond():
    offsets = pa.py_buffer(np.array([0, FAR, 3], "i8").tobytes())
    text = pa.LargeStringArray.from_buffers(2, offsets, pa.py_buffer(b"abc"))
    return pd.Series(pd.arrays.ArrowStringArray(pa.chunked_array([text])))


def address_by_label():
    return pd.Series([{"data": (1, False)}, 1], index=["__array_interface__", "b"], dtype=object)


def node_of_a_tree(field, value):
    model = DecisionTreeClassifier(random_state=0).fit(ROWS, LABELS)
    state = model.tree_.__getstate__()
    nodes = state["nodes"].copy()
    nodes[field][0] = value
    model.tree_ = Tree(3, np.asarray(model.tree_.n_classes), 1)
    model.tree_.__setstate__({**state, "nodes": nodes})
    return model


def node_of_boosting(field, value):
    model = HistGradientBoostingClassifier(max_iter=1, min_samples_leaf=5).fit(ROWS, LABELS)
    model._predictors[0][0].nodes[field][0] = value
    return model


def tree_of_neighbours(kind, part, change):
    made = kind(ROWS, leaf_size=5)
    state = list(made.__getstate__())
    state[part] = change(np.array(state[part]))
    other = kind.__new__(kind)
    other.__setstate__(tuple(state))
    return other


def beyond(places):
    places[0] = FAR
    return places


def span_beyond(nodes):
    nodes["idx_end"][0] = FAR
    return nodes


def no_leaves(nodes):
    nodes["is_leaf"] = 0
    return nodes


class OtherState(pickle.Pickler):
    """Pickles SciPy's trees with a part of their state changed. To set such a state would already be the end."""

    def __init__(self, file, part, change):
        super().__init__(file, 5)
        self.part, self.change = part, change

    def reducer_override(self, obj):
        if not isinstance(obj, cKDTree):
            return NotImplemented
        state = list(obj.__getstate__())
        state[self.part] = self.change(np.array(state[self.part]))
        return copyreg.__newobj__, (cKDTree,), tuple(state)


def child_beyond(packed):
    nodes = np.frombuffer(packed.tobytes(), np.int64).copy()
    nodes[7] = FAR
    return nodes.view("S1")


def random_beyond(name, *path):
    made = getattr(np.random, name)(0)
    state = made.state
    part = state
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = FAR
    made.state = state
    return np.random.Generator(made)


UNSOUND = {
    **{f"{kind} column": (compressed_beyond, kind) for kind in ("csr_matrix", "csc_array", "bsr_matrix")},
    **{f"{kind} rows": (rows_beyond, kind) for kind in ("csr_array", "csc_matrix", "bsr_array")},
    "a row of csr missing": (rows_missing,),
    **{f"{kind} place": (coordinates_beyond, kind) for kind in ("coo_matrix", "coo_array")},
    "diagonals": (diagonals_missing,),
    "list of columns": (list_beyond,),
    "category": (category_beyond,),
    "label": (label_beyond,),
    "column": (column_beyond,),
    "rows of a table": (rows_of_a_table_missing,),
    "text of arrow": (text_beyond,),
    "label that is an address": (address_by_label,),
    "left child": (node_of_a_tree, "left_child", FAR),
    "child before its parent": (node_of_a_tree, "right_child", 0),
    "feature of boosting": (node_of_boosting, "feature_idx", FAR),
    "child of boosting": (node_of_boosting, "left", FAR),
    "row of a KDTree": (tree_of_neighbours, KDTree, 1, beyond),
    "span of a KDTree": (tree_of_neighbours, KDTree, 2, span_beyond),
    "leaves of a BallTree": (tree_of_neighbours, BallTree, 2, no_leaves),
    "bounds of a BallTree": (tree_of_neighbours, BallTree, 3, lambda bounds: bounds[:, :2].copy()),
    "weights of a KDTree": (tree_of_neighbours, KDTree, 12, lambda _: np.ones(2)),
    "Mersenne twister": (random_beyond, "MT19937", "state", "pos"),
    "Philox": (random_beyond, "Philox", "buffer_pos"),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_it_is_refused(what):
    make, *arguments = UNSOUND[what]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = make(*arguments)
    with pytest.raises(UnsafeFileError):
        load(value)


@pytest.mark.parametrize(("part", "change"), [(0, child_beyond), (7, beyond), (1, lambda rows: rows[:2].copy())])
def test_a_tree_of_scipy_is_refused(part, change):
    content = io.BytesIO()
    OtherState(content, part, change).dump(cKDTree(ROWS, leafsize=5))
    with pytest.raises(UnsafeFileError):
        load_pickle(source_of(content, "test"), Gate())


def fragment(value):
    """What pushes ``value``."""
    return pickle.dumps(value, 2)[2:-1]


def test_contents_that_come_later_are_seen():
    """The matrix is whole when its state is set; then the array that holds its columns gets others."""
    columns = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + fragment((0,)) + b"U\x01btRq\x32"
    state = b"}("
    for name, value in (
        ("_shape", (2, 2)),
        ("data", np.ones(1)),
        ("indptr", np.array([0, 1, 1], "i4")),
        ("maxprint", 50),
    ):
        state += fragment(name) + fragment(value)
    state += fragment("indices") + b"h\x32u"
    made = b"cscipy.sparse._csr\ncsr_matrix\n)\x81" + state + b"b"
    for place, whole in ((0, True), (FAR, False)):
        later = (1, (1,), np.dtype("i4"), False, np.array([place], "i4").tobytes())
        content = b"\x80\x02](" + columns + made + b"h\x32" + fragment(later) + b"be."
        if whole:
            assert load_pickle(source_of(io.BytesIO(content), "test"), Gate())[1].toarray()[0, 0] == 1
        else:
            with pytest.raises(UnsafeFileError):
                load_pickle(source_of(io.BytesIO(content), "test"), Gate())


def test_a_table_of_no_rows_is_not_written_out():
    """Ranges tell its columns, and two thousand million of them take no memory until somebody lists them."""
    width = 1 << 31
    block = _unpickle_block(np.zeros((width, 0)), slice(0, width, 1), 2)
    with pytest.raises(UnsafeFileError):
        load(BlockManager((block,), [pd.RangeIndex(width), pd.RangeIndex(0)], verify_integrity=False))
