import pytest

from mlpack.core.image_grammar import parts_of_image

DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    "repository", ["churn", "team/churn", "localhost:5000/a__b/c--d.e_f", "[::1]:5000/churn", "a" * 255]
)
@pytest.mark.parametrize("tag", ["", "1.2", "t" * 128])
@pytest.mark.parametrize("digest", ["", DIGEST])
def test_a_name_has_three_parts(repository, tag, digest):
    assert parts_of_image(f"{repository}{f':{tag}' if tag else ''}{digest}") == (repository, tag, digest)


@pytest.mark.parametrize(
    "text", ["", "Churn", "churn:", "churn@", "a//b", "churn\n", "churn:١", "a" * 256, "churn:" + "t" * 129]
)
def test_what_is_no_name(text):
    assert parts_of_image(text) is None
