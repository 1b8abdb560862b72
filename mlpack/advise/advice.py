"""The result of ``mlpack advise``: the recommendation, the figures, the reasons, the commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mlpack.advise.amounts import about, count, duration, milliseconds, money
from mlpack.advise.answers import Answers
from mlpack.advise.capacity import Figures
from mlpack.advise.commands import MODEL, Command
from mlpack.advise.decide import Reason, Verdict
from mlpack.advise.measurements import UTILISATION, WAYS, BatchRun, Measurements, ModelFacts
from mlpack.core.view import Block, Cell, Facts, Line, Shown, Table

_PROTOCOLS = {
    "rest": "REST",
    "binary": "REST, with tensors as bytes (/v2/models/NAME/infer)",
    "grpc": "gRPC; REST stays on for health and metrics",
    "both": "REST and gRPC, from one service",
    "none": "none: files in, files out",
}
_HOW = {
    "rest": "over REST",
    "binary": "over REST",
    "grpc": "over gRPC",
    "both": "over REST and gRPC",
    "none": "by night",
}
_MODES = {
    "real time": "real time",
    "batch": "batch",
    "both": "real time, and batch for the rows that are there at once",
}
_FORMATS = {"onnx": "ONNX, not pickle", "torchscript": "TorchScript, not pickle", "native": "the file as it is, signed"}
_HARDWARE = {
    "one processor": "CPU, one processor a replica",
    "more processors": "CPU, several processors a replica",
    "accelerator": "an accelerator, by way of Triton; CPU where its price is too high",
    "batch machine": "CPU, every processor of one machine while the run lasts",
}
_ASSUMPTIONS = {
    "audience": "the callers are your own",
    "latency_ms": "a caller waits {latency_ms:g} ms at most",
    "rows_per_day": "{rows_per_day:,} rows a day",
    "rows_per_request": "{rows_per_request:,} row a request",
    "bulk_rows": "no rows that are there at once",
    "clients": "{clients:,} callers at a time",
    "languages": "the callers are written in Python",
    "streaming": "no stream of rows",
    "images": "rows of few numbers",
    "peak_factor": "{peak_factor:g} times as many at the peak as on average",
    "price_per_hour": "{price_per_hour:g} an hour for a machine, which is an example and no offer",
    "processors": "{processors:g} processors in it",
}


@dataclass(frozen=True, repr=False)
class Advice(Shown):
    """The advice. ``assumed`` names the answers that nobody gave; without a model ``model`` and ``measured`` are None."""

    command: ClassVar[str] = "advise"
    answers: Answers
    assumed: tuple[str, ...]
    verdict: Verdict
    commands: tuple[Command, ...]
    model: ModelFacts | None = None
    measured: Measurements | None = None

    @property
    def exit_code(self) -> int:
        """0: there is always an advice."""
        return 0

    @property
    def figures(self) -> Figures:
        """Replicas, memory, costs."""
        return self.verdict.figures

    def choice(self, topic: Any) -> str:
        """What was chosen for ``topic``."""
        return self.verdict.choice(topic)

    def to_json(self) -> dict[str, Any]:
        """The ``data`` of the ``--json`` document."""
        return {
            "model": self.model.name if self.model else None,
            "recommendation": dict(self.recommendation()),
            "decisions": {decision.topic: decision.to_json() for decision in self.verdict.decisions},
            "notes": [note.to_json() for note in self.verdict.notes],
            "contradictions": [one.to_json() for one in self.verdict.contradictions],
            "answers": self.answers.to_json(),
            "assumed": list(self.assumed),
            "measured": self.measured.to_json() if self.measured else None,
            "figures": self.figures.to_json(),
            "commands": [{"command": command.text, "does": command.does} for command in self.commands],
        }

    def recommendation(self) -> Sequence[tuple[str, str]]:
        """One line for each thing that is to be known first."""
        return [
            ("Protocol", _PROTOCOLS[self.choice("protocol")]),
            ("Mode", _MODES[self.choice("mode")]),
            ("Format", _FORMATS[self.choice("format")]),
            ("Replicas", self._replicas()),
            ("Hardware", self._hardware()),
        ]

    def view(self) -> Sequence[Block]:
        """The recommendation, what contradicts itself in the answers, the figures, the reasons, the commands."""
        contradictions = [Line(f"contradiction: {one.text}", "warn") for one in self.verdict.contradictions]
        parts = (contradictions, self._figures(), self._reasons(), self._commands())
        return [self._verdict(), Facts(self.recommendation()), *(block for part in parts for block in part)]

    def _verdict(self) -> Line:
        mode, protocol = self.choice("mode"), self.choice("protocol")
        how = _HOW[protocol]
        does = {"real time": "serve it", "batch": "run it", "both": "serve it and run it beside"}[mode]
        name = self.model.name if self.model else "your model"
        return Line(
            f"{name}: {does} {how}, in batches of files" if mode == "batch" else f"{name}: {does}, {how}", "good"
        )

    def _replicas(self) -> str:
        figures = self.figures
        if not figures.replicas:
            return "none: nothing runs between two runs"
        spare = ", 1 to spare" if figures.spare else ""
        if self.measured is None:
            return f"{figures.replicas} to begin with{spare}; name the model, and they are counted"
        rate = f"{count(figures.peak_rate)} requests/s at the peak"
        return f"{figures.replicas} for {rate}{spare}, at most {UTILISATION:.0%} busy"

    def _hardware(self) -> str:
        memory = f"; {self.figures.memory >> 20} MiB each" if self.figures.memory and self.figures.replicas else ""
        return f"{_HARDWARE[self.choice('hardware')]}{memory}"

    def _figures(self) -> list[Block]:
        if self.measured is None:
            return []
        return [
            _table(self.measured, self.figures.cost_per_million),
            Facts(self._costs(self.measured), "What that comes to"),
        ]

    def _costs(self, measured: Measurements) -> list[tuple[str, str | Cell]]:
        figures, answers = self.figures, self.answers
        price = f"{answers.price_per_hour:g} an hour for {answers.processors} processors"
        lines: list[tuple[str, str | Cell]] = [
            ("Price", f"{price}{', an example' if 'price_per_hour' in self.assumed else ''}"),
            ("Memory", f"{measured.memory / 1e6:.0f} MB of one service after it was asked"),
            ("Start", f"{measured.start:.1f} s until ready, {measured.batch.start:.1f} s until a run's first answer"),
        ]
        if figures.service_per_day is not None:
            lines.append(
                (
                    "Real time",
                    f"{money(figures.service_per_day)} a day for {figures.replicas} replicas that always run",
                )
            )
        if figures.batch_per_day is not None and figures.batch_hours is not None:
            lines.append(("Batch", _nightly(figures.batch_per_day, figures.batch_hours, measured.batch)))
        if figures.break_even is not None and figures.answerable is not None:
            lines.append(("Break-even", _break_even(figures.break_even, figures.answerable)))
        return lines

    def _reasons(self) -> list[Block]:
        shown = [decision for decision in self.verdict.decisions if decision.choice not in _SILENT]
        told = [*(reason for decision in shown for reason in decision.reasons), *self.verdict.notes]
        sources = {source: f"[{place}]" for place, source in enumerate(dict.fromkeys(one.source for one in told), 1)}

        def said(reasons: Sequence[Reason]) -> str:
            return " ".join(f"{reason.text} {sources[reason.source]}" for reason in reasons)

        why = Facts([(decision.topic.capitalize(), said(decision.reasons)) for decision in shown], "Why")
        notes = [Facts([("Note", said([note])) for note in self.verdict.notes], "Worth knowing")]
        places = Facts([(place, source) for source, place in sources.items()], "Sources")
        return [why, *(notes if self.verdict.notes else []), *self._assumptions(), places]

    def _assumptions(self) -> list[Block]:
        said = [_ASSUMPTIONS[name].format_map(vars(self.answers)) for name in self.assumed]
        return [Facts([("Assumed", "; ".join(said))])] if said else []

    def _commands(self) -> list[Block]:
        stand_in = {
            f"{MODEL} stands for your model": self.model is None,
            "rows.parquet stands for your rows": self.choice("mode") != "real time",
        }
        said = "; ".join(text for text, holds in stand_in.items() if holds)
        lines = [Line("To do so:"), *(Line(f"  {command.text}") for command in self.commands)]
        return [*lines, *([Line(f"  ({said})", "dim")] if said else [])]


_SILENT = frozenset({"none", "nowhere"})
"""Choices that say that there is nothing to choose."""


def _table(measured: Measurements, costs: Mapping[str, float]) -> Table:
    several = next(iter(measured.together.values())).connections
    rows = [
        (
            way,
            milliseconds(measured.alone[way].p50),
            milliseconds(measured.alone[way].p99),
            count(measured.rows * measured.together[way].rate),
            milliseconds(measured.together[way].p99),
            milliseconds(1000 * measured.together[way].processor / measured.rows),
            money(costs[way]),
        )
        for way in WAYS
    ]
    rate, processor = measured.batch.rate, 1000 / measured.batch.rate_of_one
    in_batch = ("batch", "", "", count(rate), "", milliseconds(processor), money(costs["batch"]))
    title = (
        f"Measured on this machine, {measured.rows:,} row{'s' if measured.rows > 1 else ''} a request: one caller, then "
        f"{several} at a time, which share the machine with it; last, the cost of a million rows"
    )
    heads = ("", "p50 ms", "p99 ms", "rows/s", "p99 ms", "CPU µs/row", "million rows")
    return Table(title, heads, [*rows, in_batch])


def _nightly(cost: float, hours: float, batch: BatchRun) -> str:
    how = "from file to file" if batch.files else "reading and writing not counted"
    return f"{money(cost)} a day for a nightly run of {duration(hours)}, {batch.rows:,} rows at a time, {how}"


def _break_even(rows: int, answerable: int) -> str:
    if rows > answerable:
        return (
            f"a nightly run costs as much at {about(rows)} rows a day; these replicas answer {about(answerable)} at most: "
            "for rows that can wait, the run is the cheaper one at any rate"
        )
    return f"{about(rows)} rows a day: below, a nightly run costs less than these replicas, which always run"
