"""From answers and measurements to decisions: a pure function, the same for the same facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlpack.advise.answers import Answers
from mlpack.advise.capacity import Figures, figures_of
from mlpack.advise.case import Case, Topic, way_of
from mlpack.advise.measurements import Measurements, ModelFacts
from mlpack.advise.rule import Rule
from mlpack.advise.rules import RULES, TOPICS

_TOLD: tuple[Topic, ...] = ("contradiction", "note")
"""Topics without a decision: all that holds is told."""


@dataclass(frozen=True)
class Reason:
    """A rule that held, in the words of this case."""

    rule: str
    text: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """The reason as JSON-ready values."""
        return {"rule": self.rule, "text": self.text, "source": self.source}


@dataclass(frozen=True)
class Decision:
    """What was chosen for a topic, why, and the names of the rules that held and were outweighed."""

    topic: Topic
    choice: str
    reasons: tuple[Reason, ...]
    outweighed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The decision as JSON-ready values."""
        reasons = [reason.to_json() for reason in self.reasons]
        return {"choice": self.choice, "reasons": reasons, "outweighed": list(self.outweighed)}


@dataclass(frozen=True)
class Verdict:
    """A decision for every topic, what else is worth knowing, and the figures."""

    decisions: tuple[Decision, ...]
    notes: tuple[Reason, ...]
    figures: Figures
    contradictions: tuple[Reason, ...] = ()
    """Answers that cannot all be meant."""

    def choice(self, topic: Topic) -> str:
        """What was chosen for ``topic``."""
        return next(decision.choice for decision in self.decisions if decision.topic == topic)


def decide(answers: Answers, model: ModelFacts | None = None, measured: Measurements | None = None) -> Verdict:
    """The advice for ``answers``; ``model`` and ``measured`` where a model was named."""
    case = Case(answers, model, measured)
    decisions: list[Decision] = []
    for topic in TOPICS:
        if topic in _TOLD:
            continue
        decision = _decision(case, topic)
        decisions.append(decision)
        case = replace(case, decided={**case.decided, topic: decision.choice})
        if topic == "spare":
            case = replace(case, figures=_figures(case))
    assert case.figures is not None
    contradictions, notes = (tuple(_reason(rule, case) for rule in _holding(case, topic)) for topic in _TOLD)
    return Verdict(tuple(decisions), notes, case.figures, contradictions)


def _figures(case: Case) -> Figures:
    way = way_of(case.decided["protocol"]) if case.is_served else None
    return figures_of(case.answers, case.measured, way, int(case.decided["spare"]), case.rows_in_bulk)


def _decision(case: Case, topic: Topic) -> Decision:
    """The first rule that holds decides. Every topic ends with one that always does."""
    holding = _holding(case, topic)
    choice = holding[0].choice
    reasons = tuple(_reason(rule, case) for rule in holding if rule.choice == choice)
    return Decision(topic, choice, reasons, tuple(rule.name for rule in holding if rule.choice != choice))


def _holding(case: Case, topic: Topic) -> Sequence[Rule]:
    return [rule for rule in RULES if rule.topic == topic and rule.when(case)]


def _reason(rule: Rule, case: Case) -> Reason:
    return Reason(rule.name, rule.why.format_map(case.words), rule.source)
