"""Each rule holds in the case that it is for, and the table is one that people can rely on."""

import math
import re
from dataclasses import replace

import pytest
from advise.facts import ANSWERS, MODEL, NETWORK, measured

from mlpack.advise.decide import decide
from mlpack.advise.rules import ASKED, HERE, RULES, TOPICS

CASES = {
    "nobody-waits": ({"latency_ms": 0}, None, None),
    "hours-are-fine": ({"latency_ms": 7_200_000}, None, None),
    "bulk-beside-callers": ({"bulk_rows": 1000}, None, None),
    "rows-arrive-one-by-one": ({"streaming": True}, None, None),
    "somebody-waits": ({}, None, None),
    "no-callers": ({"latency_ms": 0}, None, None),
    "mixed-callers": ({"languages": ("browser", "go"), "images": True}, None, None),
    "no-grpc-there": ({"languages": ("browser", "go")}, None, None),
    "strangers-call": ({"audience": "public"}, None, None),
    "bytes-over-http-cost-less": ({"images": True}, MODEL, {"grpc": 2e-4}),
    "large-requests": ({"images": True}, None, None),
    "steady-stream": ({"streaming": True}, None, None),
    "only-grpc-is-in-time": ({"latency_ms": 10}, MODEL, {"alone": 50e-3, "alone_grpc": 1e-3}),
    "grpc-saves-replicas": ({"rows_per_day": 10**9}, MODEL, {"processor": 1e-3, "grpc": 1e-4}),
    "several-languages": ({"languages": ("python", "java")}, None, None),
    "plain-http": ({}, None, None),
    "packed-as-torchscript": ({}, replace(MODEL, format="torchscript"), {}),
    "packed-as-it-is": ({}, replace(MODEL, format="joblib"), {}),
    "packed-as-onnx": ({}, MODEL, {}),
    "onnx-first": ({}, None, None),
    "why-not-pickle": ({}, None, None),
    "a-machine-for-a-while": ({"latency_ms": 0}, None, None),
    "late-network": ({"latency_ms": 10}, NETWORK, {"alone": 0.5}),
    "late": ({"latency_ms": 10}, MODEL, {"alone": 0.01}),
    "in-time": ({}, MODEL, {}),
    "start-small": ({}, None, None),
    "no-replicas": ({"latency_ms": 0}, None, None),
    "one-caller": ({"clients": 1}, None, None),
    "one-to-spare": ({}, None, None),
    "headroom": ({}, MODEL, {}),
    "nothing-to-run": ({"latency_ms": 0}, None, None),
    "one-replica": ({"clients": 1}, None, None),
    "several-replicas": ({}, None, None),
    "longer-than-a-night": ({"latency_ms": 0, "rows_per_day": 10**12}, None, None),
    "one-machine-does": ({"latency_ms": 0}, None, None),
    "no-runs": ({}, None, None),
    "stream-and-nobody-waits": ({"streaming": True, "latency_ms": 0}, None, None),
    "strangers-and-nobody-waits": ({"audience": "public", "latency_ms": 7_200_000}, None, None),
    "request-longer-than-a-day": ({"rows_per_day": 5, "rows_per_request": 10}, None, None),
    "more-callers-than-requests": ({"rows_per_day": 5}, None, None),
    "too-few-callers": ({"clients": 1, "rows_per_day": 10**9}, None, None),
    "sooner-than-a-network": ({"latency_ms": 0.01}, None, None),
    "spread-grpc": ({"images": True}, None, None),
    "lock-the-door": ({"audience": "public"}, None, None),
    "tensors-as-bytes": ({"audience": "public", "rows_per_request": 500, "languages": ("r",)}, None, None),
    "long-requests": ({"rows_per_request": 50_000}, None, None),
    "slow-now-and-then": ({"latency_ms": 10}, MODEL, {"tail": 0.1}),
    "still-too-late": ({"latency_ms": 1}, MODEL, {"alone": 0.5}),
    "raise-the-limit": ({"latency_ms": 10}, MODEL, {"alone": 0.01}),
    "service-had-time-left": ({}, MODEL, {"busy": 0.3}),
    "batch-would-be-cheaper": ({}, MODEL, {}),
}


def facts(said, model, took):
    """The measurements of a case; ``busy`` says how many processors the service used, ``tail`` how long its slowest took."""
    if took is None:
        return replace(ANSWERS, **said), model, None
    told = measured(**{name: value for name, value in took.items() if name not in {"busy", "tail"}})
    if "busy" in took:
        slow = {way: replace(load, rate=took["busy"] / load.processor) for way, load in told.together.items()}
        told = replace(told, together=slow)
    if "tail" in took:
        told = replace(told, alone={way: replace(load, p99=took["tail"]) for way, load in told.alone.items()})
    return replace(ANSWERS, **said), model, told


def test_every_rule_has_a_case():
    assert list(CASES) == [rule.name for rule in RULES]


@pytest.mark.parametrize("name", CASES)
def test_a_rule_holds_and_is_told(name):
    verdict = decide(*facts(*CASES[name]))
    told = {reason.rule: reason for decision in verdict.decisions for reason in decision.reasons}
    told |= {note.rule: note for note in (*verdict.contradictions, *verdict.notes)}
    assert name in told
    assert not re.search(r"[{}]|nan|inf\b", told[name].text)


@pytest.mark.parametrize("name", CASES)
def test_no_rule_holds_everywhere_but_the_last_of_a_topic(name):
    """A rule that always held would say nothing; only what is left when no other holds may."""
    rule = next(rule for rule in RULES if rule.name == name)
    told = set()
    for other in CASES.values():
        verdict = decide(*facts(*other))
        reasons = [
            *verdict.contradictions,
            *verdict.notes,
            *(reason for decision in verdict.decisions for reason in decision.reasons),
        ]
        told.add(name in {reason.rule for reason in reasons})
    assert told == {True, False}, rule


@pytest.mark.parametrize(
    "said",
    [
        *({}, {"streaming": True}, {"latency_ms": 0}, {"latency_ms": 1}, {"clients": 1}, {"clients": 1000}),
        {"audience": "public", "languages": ("browser",), "rows_per_day": 10**8, "clients": 1000},
        {"latency_ms": 0, "rows_per_day": 10, "clients": 1000, "rows_per_request": 100},
        {"rows_per_day": 10**9, "rows_per_request": 1000},
    ],
)
def test_what_can_be_meant_is_no_contradiction(said):
    assert decide(replace(ANSWERS, **said)).contradictions == ()


def test_callers_that_are_enough_for_a_network_can_be_too_few_for_a_model():
    often = replace(ANSWERS, clients=1, rows_per_day=10**7)  # every 2.9 ms
    assert decide(often).contradictions == ()
    slow = decide(often, MODEL, measured(alone=5e-3))
    assert [one.rule for one in slow.contradictions] == ["too-few-callers"]


def test_a_reason_has_a_source():
    assert all(rule.source in {ASKED, HERE} or re.fullmatch(r"https://[\w.-]+/\S*", rule.source) for rule in RULES)
    assert all(rule.why.endswith(".") for rule in RULES)


def test_rules_stand_by_topic():
    order = [TOPICS.index(rule.topic) for rule in RULES]
    assert order == sorted(order)


def test_measured_rules_need_measurements():
    unmeasured = decide(ANSWERS, None, None)
    sources = {reason.source for decision in unmeasured.decisions for reason in decision.reasons}
    assert HERE not in sources
    assert math.isclose(unmeasured.figures.peak_rate, 100_000 / 86_400 * 3)
