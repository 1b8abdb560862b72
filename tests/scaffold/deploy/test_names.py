"""Names of objects, namespaces and images."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpack.core.errors import UsageError
from mlpack.scaffold.deploy.names import LONGEST, check_namespace, dns_label, image_name, is_label_value

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
"""RFC 1035, as Kubernetes has it: stricter than RFC 1123 by the first character."""
DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("churn", "churn"),
        ("Churn Model v2.1", "churn-model-v2-1"),
        ("__init__", "init"),
        ("Modèle de Crédit", "modele-de-credit"),
        ("2024-risk", "model-2024-risk"),
        ("true", "true"),
        ("a" * LONGEST, "a" * LONGEST),
        ("ﬁne\n", "fine"),
    ],
)
def test_a_label_from_a_name(name, label):
    assert dns_label(name) == label


@pytest.mark.parametrize("name", ["", "---", "模型", "\n", "a" * (LONGEST + 1), "1" * LONGEST])
def test_names_that_no_label_can_be_made_of(name):
    with pytest.raises(UsageError) as caught:
        dns_label(name)
    assert "--name" in caught.value.hint


@given(st.text())
def test_a_label_is_one_whatever_the_name(name):
    try:
        label = dns_label(name)
    except UsageError:
        return
    assert LABEL.fullmatch(label)
    assert len(f"{label}-predictor") <= 63
    assert dns_label(label) == label


@pytest.mark.parametrize("name", ["risk", "9", "a-b", "a" * 63])
def test_a_namespace_stays_as_it_is(name):
    assert check_namespace(name) == name


@pytest.mark.parametrize("name", ["Risk", "-a", "a-", "a.b", "a" * 64, "a\n", ""])
def test_what_no_namespace_is_called(name):
    with pytest.raises(UsageError):
        check_namespace(name)


@pytest.mark.parametrize(
    ("text", "last", "tag"),
    [
        ("churn", "churn", ""),
        ("churn:1", "churn", "1"),
        ("localhost:5000/a/b_c__d-e:V.1-x", "b_c__d-e", "V.1-x"),
        ("Registry.Example.com/risk/churn:1", "churn", "1"),
        ("[::1]:5000/churn:1", "churn", "1"),
        (f"churn@{DIGEST}", "churn", ""),
        (f"churn:1@{DIGEST}", "churn", "1"),
    ],
)
def test_an_image_is_read_and_written(text, last, tag):
    image = image_name(text)
    assert (image.last, image.tag, str(image)) == (last, tag, text)


@pytest.mark.parametrize(
    "text",
    ["", "Churn:1", "a b", "churn:", "churn:-1", "churn:é", "churn:" + "1" * 129, "a//b", "a/", "churn@sha256:12", "a:1\n",
     "$(touch x):1", '"', "a" * 256],
)  # fmt: skip
def test_what_no_image_is_called(text):
    with pytest.raises(UsageError, match="no name of an image"):
        image_name(text)


def test_values_of_labels():
    assert all(is_label_value(text) for text in ("1", "1.0.0-rc.1", "A_b", "a" * 63))
    assert not any(is_label_value(text) for text in ("", "-1", "1.", "1+cpu", "a b", "a" * 64, "1\n"))
