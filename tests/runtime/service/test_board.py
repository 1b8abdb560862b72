from __future__ import annotations

import json
import subprocess
import sys

from mlpack.runtime.service.board import Board
from mlpack.runtime.service.metrics import OTHER, PREDICT, Meter, exposition


def test_another_process_joins_and_counts_in_its_own_slot():
    board = Board.create(3)
    code = f"""
from mlpack.runtime.service.board import Board
board = Board({board.fd}, 3, 2)
board.counters[7] += 5
board.mark(2, "ready")
"""
    subprocess.run([sys.executable, "-c", code], check=True, pass_fds=[board.fd])
    board.counters[7] += 1
    assert board.total(7) == 6
    assert [board.state_of(slot) for slot in range(3)] == ["gone", "gone", "ready"]
    assert not board.all_ready


def test_all_are_ready_only_when_each_is():
    board = Board.create(2)
    board.mark(0, "ready")
    assert not board.all_ready
    board.mark(1, "ready")
    assert board.all_ready
    board.mark(0, "draining")
    assert not board.all_ready


def test_the_board_imports_nothing_heavy():
    code = "import sys, json, mlpack.runtime.service.board; print(json.dumps([*sys.modules]))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"numpy", "onnxruntime", "grpc", "fastapi", "pydantic"} & set(json.loads(told.stdout))


def test_prometheus_reads_what_was_counted():
    from prometheus_client.parser import text_string_to_metric_families

    board = Board.create(2)
    board.mark(0, "ready")
    meters = Meter(board), Meter(Board(board.fd, 2, 1))
    for meter in meters:
        meter.request(PREDICT, 200, 0.003)
        meter.request(PREDICT, 422, 0.0001)
        meter.request(OTHER, 418, 30.0)
        meter.batch(4, 40, 0.5)
    text = exposition(board, {"name": "iris", "version": "1"}).decode()
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["mlpack_requests_total", (("route", "predict"), ("status", "200"))] == 2
    assert samples["mlpack_requests_total", (("route", "other"), ("status", "other"))] == 2
    assert samples["mlpack_request_seconds_bucket", (("le", "0.0005"), ("route", "predict"))] == 2
    assert samples["mlpack_request_seconds_bucket", (("le", "0.005"), ("route", "predict"))] == 4
    assert samples["mlpack_request_seconds_count", (("route", "other"),)] == 2
    assert samples["mlpack_request_seconds_sum", (("route", "other"),)] == 60
    assert samples["mlpack_batch_requests_bucket", (("le", "4"),)] == 2
    assert samples["mlpack_batch_requests_sum", ()] == 8
    assert samples["mlpack_rows_total", ()] == 80
    assert samples["mlpack_workers", (("state", "ready"),)] == 1
    assert samples["mlpack_model_info", (("name", "iris"), ("version", "1"))] == 1
