"""Whatever is answered and measured, the advice is whole, the same every time, and does not contradict itself."""

from dataclasses import replace

import pytest
from advise.facts import ANSWERS, MODEL, any_answers, any_measured, any_model, measured
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.advise.decide import decide
from mlpack.advise.rules import RULES, TOPICS

CHOICES = {topic: {rule.choice for rule in RULES if rule.topic == topic} for topic in TOPICS}
anything = st.one_of(st.tuples(st.none(), st.none()), st.tuples(any_model, any_measured))


@settings(max_examples=400, deadline=None)
@given(any_answers, anything)
def test_an_advice_is_whole_and_the_same_again(answers, known):
    verdict = decide(answers, *known)
    assert [decision.topic for decision in verdict.decisions] == [
        topic for topic in TOPICS if topic not in {"contradiction", "note"}
    ]
    for decision in verdict.decisions:
        assert decision.choice in CHOICES[decision.topic]
        assert decision.reasons
        assert all(reason.text and reason.source for reason in decision.reasons)
    assert decide(answers, *known) == verdict


@settings(max_examples=400, deadline=None)
@given(any_answers, anything)
def test_no_advice_contradicts_itself(answers, known):
    verdict = decide(answers, *known)
    chosen = {decision.topic: decision.choice for decision in verdict.decisions}
    served = chosen["mode"] != "batch"
    assert (chosen["protocol"] == "none") == (not served)
    assert (chosen["hardware"] == "batch machine") == (not served)
    assert (chosen["place"] == "nowhere") == (not served)
    assert (verdict.figures.replicas > 0) == served
    assert (chosen["engine"] == "none") == (chosen["mode"] == "real time")
    assert chosen["place"] != "compose" or verdict.figures.replicas == 1
    if served and answers.without_grpc:
        assert chosen["protocol"] in {"rest", "binary", "both"}
    if not answers.somebody_waits:
        assert not served
    by_name = {rule.name: rule for rule in RULES}
    for decision in verdict.decisions:
        assert {by_name[reason.rule].choice for reason in decision.reasons} == {decision.choice}
        assert decision.choice not in {by_name[name].choice for name in decision.outweighed}


@settings(max_examples=200, deadline=None)
@given(any_answers, any_model, any_measured)
def test_measured_reasons_are_not_told_of_what_was_not_measured_and_the_other_way_round(answers, model, told):
    reasons = {reason.rule for decision in decide(answers, model, told).decisions for reason in decision.reasons}
    assert "start-small" not in reasons
    assert "in-time" not in {one.rule for decision in decide(answers).decisions for one in decision.reasons}


def test_precedence_is_the_order_of_the_table():
    """A browser outweighs images; whoever else is there gets gRPC beside."""
    browser = decide(replace(ANSWERS, languages=("browser",), images=True))
    protocol = next(decision for decision in browser.decisions if decision.topic == "protocol")
    assert (protocol.choice, protocol.outweighed) == ("rest", ("large-requests",))
    assert decide(replace(ANSWERS, languages=("browser", "go"), images=True)).choice("protocol") == "both"


@pytest.mark.parametrize(
    ("latency", "alone", "choice"),
    [(100, 1e-3, "one processor"), (10, 5e-3, "more processors"), (0, 1, "batch machine")],
)
def test_hardware_follows_the_time_that_an_answer_takes(latency, alone, choice):
    answers = replace(ANSWERS, latency_ms=latency)
    assert decide(answers, MODEL, measured(alone=alone)).choice("hardware") == choice


def test_more_rows_never_take_fewer_replicas():
    rates = [10**exponent for exponent in range(1, 13)]
    replicas = [decide(replace(ANSWERS, rows_per_day=rate), MODEL, measured()).figures.replicas for rate in rates]
    assert replicas == sorted(replicas)
    assert replicas[0] == 2
    assert replicas[-1] > 1000


def test_what_was_measured_outweighs_what_is_said_of_protocols():
    """Images go over gRPC, they say; where bytes over HTTP cost half as much, they go so, and replicas are counted so."""
    answers = replace(ANSWERS, images=True, rows_per_day=10**9)
    told, generic = decide(answers, MODEL, measured(grpc=1e-3)), decide(answers)
    assert (told.choice("protocol"), generic.choice("protocol")) == ("binary", "grpc")
    assert told.figures.replicas < decide(replace(answers, streaming=True), MODEL, measured(grpc=1e-3)).figures.replicas


def test_one_slow_answer_buys_no_accelerator():
    """On a machine that does other things as well, the slowest answers say nothing of the model."""
    told = measured(alone=1e-3)
    noisy = replace(told, alone={way: replace(load, p99=2.0) for way, load in told.alone.items()})
    verdict = decide(replace(ANSWERS, latency_ms=10), MODEL, noisy)
    assert verdict.choice("hardware") == "one processor"
    assert "slow-now-and-then" in {note.rule for note in verdict.notes}
