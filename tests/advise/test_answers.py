"""What may be answered."""

import pytest

from mlpack.advise.answers import Answers, answers_of, languages_of
from mlpack.core.errors import UsageError


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": "martians"},
        {"latency_ms": -1},
        {"latency_ms": float("nan")},
        {"rows_per_day": 0},
        {"rows_per_request": 0},
        {"bulk_rows": -1},
        {"clients": 0},
        {"peak_factor": 0.5},
        {"price_per_hour": float("inf")},
        {"processors": 0},
        {"languages": ()},
        {"languages": ("",)},
    ],
)
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(UsageError) as refused:
        Answers(**wrong)
    assert refused.value.hint


def test_what_nobody_said_is_assumed_and_named():
    answers, assumed = answers_of({"audience": "public", "clients": None, "languages": "Python, java,,python"}, {})
    assert (answers.audience, answers.clients, answers.languages) == ("public", 10, ("python", "java"))
    assert "clients" in assumed
    assert not {"audience", "languages"} & set(assumed)


def test_what_the_model_says_is_no_assumption_and_the_user_knows_better():
    assert answers_of({}, {"images": True})[0].images
    assert "images" not in answers_of({}, {"images": True})[1]
    assert not answers_of({"images": False}, {"images": True})[0].images


def test_a_language_that_is_unknown_is_told_with_those_that_are_known():
    with pytest.raises(UsageError, match="'phyton' is no language") as refused:
        answers_of({"languages": "go,phyton,klingon"}, {})
    assert {"python", "browser", "other", "c++"} <= set(refused.value.why.removeprefix("known are ").split(", "))
    assert refused.value.hint.startswith("--languages go,python,other,")


def test_languages_have_other_names():
    assert languages_of("golang, Node.js, go, JS") == ("go", "node", "javascript")
    assert Answers(languages=("scala", "other")).without_grpc == ("other",)


def test_languages():
    assert languages_of(["Go", " go ", "C#"]) == ("go", "c#")
    answers = Answers(languages=("go", "browser", "curl"))
    assert answers.with_grpc == ("go",)
    assert answers.without_grpc == ("browser", "curl")
