import ast

from hypothesis import given
from hypothesis import strategies as st
from scaffold.cases import HOSTILE

from mlpack.scaffold.python_source import WIDTH, bracketed, columns, literal

finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.text(), st.sampled_from(HOSTILE), st.integers(), st.booleans(), st.none(), finite)


@given(scalars)
def test_a_literal_is_its_value(value):
    text = literal(value)
    found = ast.literal_eval(text)
    assert (found, type(found)) == (value, type(value))
    assert text.isprintable()


@given(st.lists(scalars, min_size=1, max_size=6))
def test_brackets_hold_their_parts(values):
    text = bracketed("x = [", [literal(value) for value in values], "]")
    assert ast.literal_eval(text.removeprefix("x = ")) == values
    assert "\n" in text or columns(text) <= WIDTH
