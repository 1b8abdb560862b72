import keyword

from hypothesis import given
from hypothesis import strategies as st
from scaffold.cases import names

from mlpack.scaffold.identifiers import LONGEST, field_names, is_field_name, type_name


@given(st.lists(names, max_size=8))
def test_no_two_fields_share_a_name(wanted):
    found = field_names(wanted, taken=("Float32",))
    assert len(set(found)) == len(found) == len(wanted)
    assert all(name.isidentifier() and not keyword.iskeyword(name) and name != "Float32" for name in found)
    assert all(len(name) <= LONGEST + 10 for name in found)


@given(st.lists(names, max_size=8, unique=True))
def test_a_name_that_a_field_may_have_is_kept(wanted):
    kept = {name: found for name, found in zip(wanted, field_names(wanted), strict=True) if is_field_name(name)}
    assert all(name == found for name, found in kept.items())


@given(names, st.lists(names))
def test_a_type_s_name_is_free(name, taken):
    found = type_name(name, taken)
    assert found.isidentifier()
    assert not keyword.iskeyword(found)
    assert found not in taken
