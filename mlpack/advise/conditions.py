"""When a rule holds, where that takes more than a line."""

from __future__ import annotations

from mlpack.advise.capacity import needed_replicas
from mlpack.advise.case import Case

NIGHT_HOURS = 6
MANY_MILLIONS = 500_000_000
_WORTH_IT = 1.5
_CHEAPER = 1.2


def always(_: Case) -> bool:
    """Whatever is known."""
    return True


def bytes_over_http_cost_less(case: Case) -> bool:
    """Whether tensors as bytes cost the service clearly less over HTTP than over gRPC."""
    measured = case.measured
    if measured is None or case.answers.streaming or not (case.is_served and case.large_requests):
        return False
    return measured.together["OIP binary"].capacity >= _CHEAPER * measured.together["gRPC"].capacity


def only_grpc_is_in_time(case: Case) -> bool:
    """Whether gRPC answers in time and JSON does not."""
    return case.measured is not None and case.lateness("gRPC") <= 1 < case.lateness("/predict")


def grpc_saves_replicas(case: Case) -> bool:
    """Whether gRPC costs so much less than JSON that fewer replicas do."""
    measured = case.measured
    if measured is None or measured.together["gRPC"].capacity < _WORTH_IT * measured.together["/predict"].capacity:
        return False
    return needed_replicas(case.answers, measured, "gRPC") < needed_replicas(case.answers, measured, "/predict")


def batch_is_cheaper(case: Case) -> bool:
    """Whether a nightly run over a day's rows costs less than what always runs."""
    figures = case.figures
    if figures is None or figures.service_per_day is None or figures.batch_per_day is None:
        return False
    return case.decided["mode"] == "real time" and figures.batch_per_day < figures.service_per_day


def needs_a_cluster(case: Case) -> bool:
    """Whether one machine is not done with a run in a night."""
    if not case.is_batch:
        return False
    if case.figures and case.figures.batch_hours is not None:
        return case.figures.batch_hours > NIGHT_HOURS
    return case.rows_in_bulk >= MANY_MILLIONS
