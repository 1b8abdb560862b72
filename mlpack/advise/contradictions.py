"""Answers that cannot all be meant: the advice follows one of them, and says which."""

from __future__ import annotations

from mlpack.advise.case import ROUND_TRIP_MS, Case
from mlpack.advise.rule import Rule
from mlpack.advise.sources import ASKED, LATENCIES


def _more_callers_than_requests(case: Case) -> bool:
    return case.is_served and 1 <= case.answers.requests_per_day < case.answers.clients


def _too_few_callers(case: Case) -> bool:
    """Whether callers that wait for an answer before they ask again cannot ask that often."""
    return case.is_served and case.between_requests_ms < case.soonest_ms


# fmt: off
CONTRADICTIONS: tuple[Rule, ...] = (
    Rule(
        "stream-and-nobody-waits", "contradiction", "",
        lambda case: case.answers.streaming and not case.is_served,
        "Rows come as a steady stream (--streaming), and nobody waits for their answers within the hour (--latency-ms "
        "{latency:g}). The advice is for runs over files; where something reads each answer as it comes, say how long it "
        "may wait.",
        ASKED,
    ),
    Rule(
        "strangers-and-nobody-waits", "contradiction", "",
        lambda case: case.answers.audience == "public" and not case.is_served,
        "The public calls (--audience public), and nobody waits within the hour (--latency-ms {latency:g}). The advice is "
        "for runs over files, which nobody can call; where somebody does, say how long they may wait.",
        ASKED,
    ),
    Rule(
        "request-longer-than-a-day", "contradiction", "",
        lambda case: case.is_served and case.answers.rows_per_request > case.answers.rows_per_day,
        "A request has {rows:,} rows (--rows-per-request), and a day has {day:,} (--rows-per-day): not one request. The "
        "advice goes on with both; say how many rows a day there are.",
        ASKED,
    ),
    Rule(
        "more-callers-than-requests", "contradiction", "",
        _more_callers_than_requests,
        "{clients:,} callers ask at a time (--clients), and a whole day has {requests:,.0f} requests (rows a day by rows of a "
        "request): so many never ask at once. The advice counts replicas by the rows a day.",
        ASKED,
    ),
    Rule(
        "too-few-callers", "contradiction", "",
        _too_few_callers,
        "{clients:,} callers at a time (--clients), who wait for each answer, would have to ask every {between:.2g} ms at "
        "the peak to send {day:,} rows a day: sooner than an answer comes back. The advice counts replicas by the rows a "
        "day; say more callers, or more rows of a request.",
        LATENCIES,
    ),
    Rule(
        "sooner-than-a-network", "contradiction", "",
        lambda case: case.is_served and case.answers.latency_ms < ROUND_TRIP_MS,
        "A caller waits {latency:g} ms at most (--latency-ms), and {round_trip:g} ms go by between two machines of one data "
        "centre before any model is asked. No service is in time; `mlpack.load` asks the model within the caller's own "
        "process.",
        LATENCIES,
    ),
)
# fmt: on
