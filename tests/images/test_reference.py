"""Names of images: what the grammar of the distribution project takes, and what it does not."""

import pytest

from mlpack.core.errors import UsageError
from mlpack.images.reference import image_in, reference_of, tag_of

DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        ("churn", "churn", "latest"),
        ("churn:1.2", "churn", "1.2"),
        ("team/churn:v1_2-rc.3", "team/churn", "v1_2-rc.3"),
        ("localhost:5000/churn:1", "localhost:5000/churn", "1"),
        ("localhost:5000/churn", "localhost:5000/churn", "latest"),
        ("Registry.Example.com/team/churn:1", "Registry.Example.com/team/churn", "1"),
        ("a__b/c--d.e_f:x", "a__b/c--d.e_f", "x"),
        ("[::1]:5000/churn:1", "[::1]:5000/churn", "1"),
        ("churn:" + "t" * 128, "churn", "t" * 128),
    ],
)
def test_a_name_has_parts(text, repository, tag):
    reference = tag_of(text)
    assert (reference.repository, reference.tag) == (repository, tag)
    assert str(reference) == f"{repository}:{tag}"


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "Churn:1", "churn:", ":1", "churn:1:2", "churn:-1", "churn:.x", "churn:1 2", "churn\n", "churn:1\n"),
        *("/churn", "churn/", "a//b", "a/../b", "_churn", "churn_", "a..b", "a___b", "-a", "größe:1", "churn:ä", "١:1"),
        *("docker://churn:1", "http://host/churn", "churn;rm -rf /", "$(id)", "--rm", "churn:" + "t" * 129, "a/" * 130 + "b"),
        *(f"churn{DIGEST[:30]}", "churn@sha256:xyz", "churn@1"),
    ],
)  # fmt: skip
def test_what_is_no_name_is_told(text):
    with pytest.raises(UsageError, match="no name of an image") as caught:
        reference_of(text)
    assert "name:tag" in caught.value.hint


def test_upper_case_is_named_as_the_reason():
    with pytest.raises(UsageError) as caught:
        reference_of("Team/Churn:1")
    assert "lower case" in caught.value.why


def test_a_digest_names_what_there_is_and_not_what_is_built():
    assert str(reference_of(f"churn:1{DIGEST}")) == f"churn{DIGEST}"
    with pytest.raises(UsageError, match="digest"):
        tag_of(f"churn{DIGEST}")


def test_an_address_of_an_image():
    assert str(image_in("docker://team/churn:2")) == "team/churn:2"
    with pytest.raises(UsageError):
        image_in("docker://")


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("churn:1", ""),
        ("team/churn:1", ""),
        ("localhost/churn", "localhost"),
        ("localhost:5000/churn", "localhost:5000"),
        ("registry.example.com/team/churn:1", "registry.example.com"),
    ],
)
def test_where_it_is_pushed_to(text, registry):
    assert tag_of(text).registry == registry
