"""The rules of the advice, in one table.

Within a topic the first rule that holds decides: the order is the precedence. Those behind it that hold too and say the same
are further reasons; those that say otherwise are outweighed. Of the contradictions and of the notes, all that hold are told.
A topic sees what the topics before it in `TOPICS` decided.
"""

from __future__ import annotations

from mlpack.advise.case import MANY_ROWS, Topic
from mlpack.advise.conditions import (
    NIGHT_HOURS,
    always,
    batch_is_cheaper,
    bytes_over_http_cost_less,
    grpc_saves_replicas,
    needs_a_cluster,
    only_grpc_is_in_time,
)
from mlpack.advise.contradictions import CONTRADICTIONS
from mlpack.advise.rule import Rule
from mlpack.advise.sources import (
    ASKED,
    BALANCING,
    BINARY,
    BROWSERS,
    COMPARED,
    DISRUPTIONS,
    HERE,
    KEYS,
    LANGUAGES,
    PERSISTENCE,
    PICKLE,
    PROVIDERS,
    QUEUE,
    RAY,
    SPARE,
    STATIC,
)

TOPICS: tuple[Topic, ...] = (
    "mode",
    "protocol",
    "format",
    "hardware",
    "spare",
    "place",
    "engine",
    "contradiction",
    "note",
)
HOUR_MS = 3_600_000
FAR_TOO_LATE = 4
MOST_ROWS = 20_000
"""Rows that a service takes in a request, unless `--max-rows` says more."""
_SATURATED = 0.85


# Each rule: its name, topic and choice; when it holds; why; and where that is from.
# fmt: off
RULES: tuple[Rule, ...] = (
    Rule(
        "nobody-waits", "mode", "batch",
        lambda case: not case.answers.somebody_waits,
        "Nobody waits for an answer, so nothing has to run all day: a run over files costs only its own time, "
        "and its answers can be looked at before they are used.",
        STATIC,
    ),
    Rule(
        "hours-are-fine", "mode", "batch",
        lambda case: case.answers.latency_ms >= HOUR_MS,
        "An answer may take an hour or more, and a run every hour is in time.",
        STATIC,
    ),
    Rule(
        "bulk-beside-callers", "mode", "both",
        lambda case: case.answers.bulk_rows > 0,
        "Callers wait {latency:g} ms at most, and {bulk:,} rows are there at once: a run of their own takes no time "
        "from the callers, and needs no replicas for an hour a day. Both answer by the same bundle.",
        STATIC,
    ),
    Rule(
        "rows-arrive-one-by-one", "mode", "real time",
        lambda case: case.answers.streaming,
        "Rows arrive all the time and are answered as they come.",
        STATIC,
    ),
    Rule(
        "somebody-waits", "mode", "real time",
        lambda case: case.answers.somebody_waits,
        "A caller waits, {latency:g} ms at most, for rows that nobody knows beforehand.",
        STATIC,
    ),
    Rule(
        "no-callers", "protocol", "none",
        lambda case: not case.is_served,
        "A run reads files and writes files; there is nobody to speak to.",
        STATIC,
    ),
    Rule(
        "mixed-callers", "protocol", "both",
        lambda case: case.wants_grpc and (case.answers.audience == "public" or bool(case.answers.without_grpc)),
        "Some callers need plain HTTP, and those that speak gRPC send enough to gain by it. One service speaks both.",
        COMPARED,
    ),
    Rule(
        "no-grpc-there", "protocol", "rest",
        lambda case: bool(case.answers.without_grpc),
        "No gRPC of its own: {languages}. A browser cannot speak it without a proxy.",
        BROWSERS,
    ),
    Rule(
        "strangers-call", "protocol", "rest",
        lambda case: case.answers.audience == "public",
        "Callers that you do not know have HTTP and JSON, can read both, and find /docs; proxies and gateways "
        "know them too.",
        COMPARED,
    ),
    Rule(
        "bytes-over-http-cost-less", "protocol", "binary",
        bytes_over_http_cost_less,
        "Requests are large, and as bytes over plain HTTP one costs {binary_cost:.2f} ms of a processor against "
        "{grpc_cost:.2f} ms over gRPC: the binary extension of the Open Inference Protocol, which Triton's and "
        "KServe's clients speak.",
        HERE,
    ),
    Rule(
        "large-requests", "protocol", "grpc",
        lambda case: case.large_requests,
        f"A request is thousands of numbers (images, or {MANY_ROWS} rows and more). As text they are several "
        "times as long, and reading them costs more than the model; gRPC sends them as they lie in memory.",
        COMPARED,
    ),
    Rule(
        "steady-stream", "protocol", "grpc",
        lambda case: case.answers.streaming,
        "A steady stream of calls shares one HTTP/2 connection, many of them under way at a time.",
        COMPARED,
    ),
    Rule(
        "only-grpc-is-in-time", "protocol", "grpc",
        only_grpc_is_in_time,
        "gRPC answers in time and /predict does not: in {grpc_p50:.2f} ms against {rest_p50:.2f} ms when idle, for "
        "{latency:g} ms.",
        HERE,
    ),
    Rule(
        "grpc-saves-replicas", "protocol", "grpc",
        grpc_saves_replicas,
        "A processor has time for {grpc_rate:,.0f} requests/s over gRPC and for {rest_rate:,.0f} on /predict, "
        "which saves replicas at your rate.",
        HERE,
    ),
    Rule(
        "several-languages", "protocol", "both",
        lambda case: len(case.answers.languages) > 1,
        "{speak}: gRPC gives each of them typed stubs from one .proto, and REST stays for curl and dashboards.",
        LANGUAGES,
    ),
    Rule(
        "plain-http", "protocol", "rest",
        lambda case: case.is_served and not case.large_requests,
        "Small requests: JSON over HTTP is the simplest that does, works with curl, and any load balancer "
        "spreads it.",
        COMPARED,
    ),
    Rule(
        "packed-as-torchscript", "format", "torchscript",
        lambda case: case.model is not None and case.model.format == "torchscript",
        "Of ONNX and TorchScript, the first that gave the original's answers: it runs without the code that made it.",
        HERE,
    ),
    Rule(
        "packed-as-it-is", "format", "native",
        lambda case: case.model is not None and case.model.format not in {"onnx", "torchscript"},
        "Neither ONNX nor TorchScript gave the original's answers, or you asked for it: it is served as "
        "{format}. Scan it, sign the bundle, and keep the versions that the bundle pins: such a file runs code "
        "when it is loaded by anything else.",
        PERSISTENCE,
    ),
    Rule(
        "packed-as-onnx", "format", "onnx",
        lambda case: case.model is not None and case.model.format == "onnx",
        "It was packed as ONNX, and gave the original's answers there.",
        HERE,
    ),
    Rule(
        "onnx-first", "format", "onnx",
        lambda case: case.model is None or case.model.format == "onnx",
        "ONNX is served without the library that trained it, in another Python or none, and holds a graph and no "
        "code. `mlpack pack` takes it only if it answers as the original does, else TorchScript.",
        PERSISTENCE,
    ),
    Rule(
        "why-not-pickle", "format", "onnx",
        lambda case: case.model is None or case.model.format == "onnx",
        "Not pickle or joblib: whoever can write the file can run code where it is loaded, and it opens only "
        "with the versions that wrote it.",
        PICKLE,
    ),
    Rule(
        "a-machine-for-a-while", "hardware", "batch machine",
        lambda case: not case.is_served,
        "A run uses every processor of its machine and ends; memory does not grow with the rows.",
        STATIC,
    ),
    Rule(
        "late-network", "hardware", "accelerator",
        lambda case: case.lateness(case.way) > FAR_TOO_LATE and case.model is not None and case.model.is_network,
        "An answer takes {late:.1f} times the time there is on one processor (p50 {p50:.1f} ms idle), and the "
        "model is a network: try an accelerator. mlpack serves on CPUs; its Triton export runs on both.",
        PROVIDERS,
    ),
    Rule(
        "late", "hardware", "more processors",
        lambda case: case.lateness(case.way) > 1,
        "An answer takes {p50:.1f} ms on one processor when it is idle and {when_busy:.1f} ms when it is "
        "{utilisation:.0%} busy, {late:.1f} times the time there is: give a replica more, which the model shares out.",
        HERE,
    ),
    Rule(
        "in-time", "hardware", "one processor",
        lambda case: case.measured is not None and case.lateness(case.way) <= 1,
        "An answer takes {p50:.2f} ms on one processor when it is idle and {when_busy:.2f} ms when it is "
        "{utilisation:.0%} busy, and you allow {latency:g} ms: small replicas are the easiest to add and to take away.",
        HERE,
    ),
    Rule(
        "start-small", "hardware", "one processor",
        lambda case: case.measured is None,
        "Nothing was measured, so it starts small. Name the model to know.",
        ASKED,
    ),
    Rule(
        "no-replicas", "spare", "0",
        lambda case: not case.is_served,
        "Nothing runs between two runs.",
        STATIC,
    ),
    Rule(
        "one-caller", "spare", "0",
        lambda case: case.answers.audience == "internal" and case.answers.clients == 1,
        "One caller of your own can wait while a service starts again.",
        ASKED,
    ),
    Rule(
        "one-to-spare", "spare", "1",
        always,
        "N + 1: one replica may be replaced, updated or lost and the others still carry the peak. Google's SRE "
        "book asks for N + 2.",
        SPARE,
    ),
    Rule(
        "headroom", "spare", "1",
        lambda case: case.measured is not None,
        "Replicas are counted so that they are at most {utilisation:.0%} busy at the peak: waiting grows as 1 / "
        "(1 - busy).",
        QUEUE,
    ),
    Rule(
        "nothing-to-run", "place", "nowhere",
        lambda case: not case.is_served,
        "A scheduler starts the command; no service has to run.",
        STATIC,
    ),
    Rule(
        "one-replica", "place", "compose",
        lambda case: case.replicas == 1,
        "One replica needs no cluster.",
        ASKED,
    ),
    Rule(
        "several-replicas", "place", "kubernetes",
        always,
        "{replicas} replicas: manifests with a disruption budget, so that no node that is emptied takes more than one of them "
        "at a time.",
        DISRUPTIONS,
    ),
    Rule(
        "longer-than-a-night", "engine", "ray",
        needs_a_cluster,
        f"More than one machine does in {NIGHT_HOURS} hours: the same run goes on a Ray cluster.",
        RAY,
    ),
    Rule(
        "one-machine-does", "engine", "local",
        lambda case: case.is_batch,
        "One machine is done in a night, and needs no cluster.",
        RAY,
    ),
    Rule(
        "no-runs", "engine", "none",
        always,
        "There is nothing to predict in bulk.",
        ASKED,
    ),
    *CONTRADICTIONS,
    Rule(
        "spread-grpc", "note", "",
        lambda case: case.has_grpc and case.replicas > 1,
        "A gRPC client keeps one connection, and a plain Kubernetes Service spreads connections: let clients use "
        "dns:/// with round_robin on a headless Service, or put a proxy that knows HTTP/2 before it, else one "
        "replica does all the work.",
        BALANCING,
    ),
    Rule(
        "lock-the-door", "note", "",
        lambda case: case.is_served and case.answers.audience == "public",
        "The public can reach it: give it a key (`--api-key-file`, MLPACK_API_KEY) and TLS (`--tls-cert`, or at "
        "the gateway).",
        KEYS,
    ),
    Rule(
        "tensors-as-bytes", "note", "",
        lambda case: case.decided["protocol"] in {"rest", "both"} and case.large_requests,
        "Over HTTP, too, tensors can go as bytes: /v2/models/NAME/infer takes the binary extension of the Open "
        "Inference Protocol.",
        BINARY,
    ),
    Rule(
        "long-requests", "note", "",
        lambda case: case.is_served and case.answers.rows_per_request > MOST_ROWS,
        f"A service takes {MOST_ROWS:,} rows in a request unless `--max-rows` (MLPACK_MAX_ROWS in an image) says "
        "more.",
        ASKED,
    ),
    Rule(
        "slow-now-and-then", "note", "",
        lambda case: case.is_slow_now_and_then,
        "One answer in a hundred took {p99:.1f} ms or more of an idle service: this machine had other things to do, or "
        "some rows take longer. Measure again on a quiet one before you promise {latency:g} ms to anybody.",
        HERE,
    ),
    Rule(
        "still-too-late", "note", "",
        lambda case: case.decided["hardware"] == "more processors" and case.lateness(case.way) > FAR_TOO_LATE,
        "More processors will hardly make it {late:.0f} times as fast: think of a smaller model, or of "
        "predicting beforehand what can be known beforehand.",
        STATIC,
    ),
    Rule(
        "raise-the-limit", "note", "",
        lambda case: case.decided["hardware"] == "more processors",
        "What `mlpack init` writes gives a replica one processor: raise `cpu` in it.",
        ASKED,
    ),
    Rule(
        "service-had-time-left", "note", "",
        lambda case: case.measured is not None and case.is_served and case.measured.together[case.way].busy < _SATURATED,
        "The service was not kept busy ({busy:.2f} of a processor): what sends the requests was the limit, or "
        "something else that runs here. Requests/s are what was seen; replicas and costs follow from the "
        "processor time of a request.",
        HERE,
    ),
    Rule(
        "batch-would-be-cheaper", "note", "",
        batch_is_cheaper,
        "A nightly run over a day's {day:,} rows would cost {nightly} a day, and what always runs costs {service}: "
        "worth a thought if the rows are known the day before.",
        HERE,
    ),
)
# fmt: on
