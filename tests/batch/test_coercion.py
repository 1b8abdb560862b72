"""What REST and gRPC refuse is refused in a file of any format, for the same reason and in the same words."""

import json
import math
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch.coercion import from_text, refusals
from mlpack.runtime.coerce.fields import Field
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.service import service_project

USUAL = {"city": "Oslo", "age": 40, "income": 50_000.0, "weight": 70.5}
ODD = {
    "city": ["Bergen", "Tromsø", "oslo", "Paris", "", None, 3, True, "\u00e5" * 50],
    "age": [0, -1, 2**31, 2**62, 2**63, 2**64, -(2**63), None, 41.0, 41.5, "41", True, False],
    "income": [0, -1, 1e308, 1e-320, 2**53 + 1, 10**30, None, "much", True, [1.0], {"more": 1}],
    "weight": [0.1, 7, None, "70", False, [70.5]],
}
ROWS = [USUAL, *({**USUAL, name: value} for name, values in ODD.items() for value in values)]


def is_typed(row):
    return all(type(row[name]) in {type(USUAL[name]), type(None)} for name in USUAL)


@contextmanager
def served(bundle, cache):
    command = [sys.executable, "-m", "mlpack", "serve", str(bundle), "-p", "0", "--grpc-port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as service:
        try:
            line = service.stdout.readline()
            assert line, service.stderr.read()
            yield json.loads(line)["data"]
        finally:
            service.send_signal(signal.SIGINT)
            service.communicate(timeout=60)


@pytest.fixture(scope="module")
def over_the_wire(people_bundle, tmp_path_factory):
    """What REST and gRPC say of each row: a label, or a reason with the row's place in front."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("MLPACK_CACHE", str(cache))
        with served(people_bundle, cache) as data:
            rest = [asked(data["rest"], row) for row in ROWS]
            project = service_project(read_manifest(people_bundle))
            address = data["grpc"].removeprefix("grpc://")
            client = [sys.executable, str(Path(__file__).with_name("ask_grpc.py")), str(project), address]
            ended = subprocess.run(client, input=json.dumps(ROWS), capture_output=True, text=True, check=True)
    return rest, json.loads(ended.stdout)


def asked(address, row):
    response = httpx.post(f"{address}/predict", json={"instances": [row]}, timeout=30)
    if response.status_code == 200:
        return {"label": response.json()["predictions"][0]["label"]}
    return {"error": response.json()}


def in_batch(bundle, source, out):
    """What a batch run says of each row."""
    mlpack.batch(bundle, source, out, on_error="quarantine", keep=["place"], batch_rows=16)
    answers = {row["place"]: {"label": row["label"]} for row in pq.read_table(out).to_pylist()}
    for row in pq.read_table(out.with_name(f"{out.stem}.quarantine.parquet")).to_pylist():
        reason = row["reason"].removeprefix(f"rows[{row['row']}]")
        answers[json.loads(row["values"])["place"]] = {"error": f"instances[0]{reason}"}
    return [answers[str(place)] if str(place) in answers else answers[place] for place in range(len(answers))]


@pytest.fixture(scope="module")
def from_json(people_bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    lines = [json.dumps({"place": place, **row}) + "\n" for place, row in enumerate(ROWS)]
    (folder / "rows.jsonl").write_text("".join(lines))
    return in_batch(people_bundle, folder / "rows.jsonl", folder / "out.parquet")


def test_json_lines_are_answered_as_rest_answers(over_the_wire, from_json):
    """The same labels, and the same values refused; REST has some of its words from its documented types."""
    rest, _ = over_the_wire
    assert any("error" in one for one in from_json)
    for row, ours, theirs in zip(ROWS, from_json, rest, strict=True):
        assert ("error" in ours) == ("error" in theirs), (row, ours, theirs)
        if "error" in ours:
            assert ours["error"].partition(":")[0] == theirs["error"]["error"].partition(":")[0], (row, theirs)
        else:
            assert ours == theirs


def test_json_lines_are_answered_as_grpc_answers(over_the_wire, from_json):
    _, rpc = over_the_wire
    compared = 0
    for row, ours, theirs in zip(ROWS, from_json, rpc, strict=True):
        if theirs is None or any(type(row[name]) is not type(USUAL[name]) for name in USUAL if row[name] is not None):
            continue  # a message has no place for it, or makes it another value
        compared += 1
        if None in row.values() and "error" in theirs:  # what is absent in a message is null in a file
            assert "is missing" in theirs["error"]
            assert "null, and a value may not be missing here" in ours["error"]
        else:
            assert ours == theirs
    assert compared > 15


def test_parquet_is_answered_as_json_lines_are(tmp_path, people_bundle, from_json):
    rows = [(place, row) for place, row in enumerate(ROWS) if is_typed(row) and fits(row)]
    table = pa.Table.from_pylist([{"place": place, **row} for place, row in rows])
    pq.write_table(table.set_column(2, "age", table["age"].cast(pa.int64())), tmp_path / "rows.parquet")
    mlpack.batch(
        people_bundle, tmp_path / "rows.parquet", tmp_path / "out.parquet", on_error="quarantine", keep=["place"]
    )
    answers = {row["place"]: row["label"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()}
    aside = pq.read_table(tmp_path / "out.quarantine.parquet").to_pylist()
    reasons = {rows[row["row"]][0]: row["reason"].partition("]")[2] for row in aside}
    for place, _ in rows:
        ours = {"label": answers[place]} if place in answers else {"error": f"instances[0]{reasons[place]}"}
        assert ours == from_json[place]
    assert len(reasons) >= 4


def fits(row):
    return row["age"] is None or -(2**63) <= row["age"] < 2**63


def test_csv_is_answered_as_json_lines_are(tmp_path, people_bundle, from_json):
    """A cell is the value that it is written for. Two that are written alike are one: "41" and 41, and an absent text."""
    places = [place for place, row in enumerate(ROWS) if is_typed(row) and row["city"] != ""]
    lines = [
        ",".join("" if value is None else str(value) for value in [place, *ROWS[place].values()]) for place in places
    ]
    (tmp_path / "rows.csv").write_text("place,city,age,income,weight\n" + "\n".join(lines) + "\n")
    mlpack.batch(people_bundle, tmp_path / "rows.csv", tmp_path / "out.parquet", on_error="quarantine", keep=["place"])
    answers = {int(row["place"]): row["label"] for row in pq.read_table(tmp_path / "out.parquet").to_pylist()}
    aside = pq.read_table(tmp_path / "out.quarantine.parquet").to_pylist()
    reasons = {int(json.loads(row["values"])["place"]): row["reason"].partition("]")[2] for row in aside}
    for place in places:
        ours = {"label": answers[place]} if place in answers else {"error": f"instances[0]{reasons[place]}"}
        assert ours == from_json[place]
    assert len(reasons) >= 4


def test_cells_of_csv_that_mean_nothing(tmp_path, people_bundle):
    cells = ["much", "NA", "", " 5e4 ", "1_000", "0x10", "nan", "inf", '"50000"', "+5.", "five"]
    rows = "".join(f"Oslo,40,{cell},70\n" for cell in cells)
    (tmp_path / "rows.csv").write_text("city,age,income,weight\n" + rows)
    mlpack.batch(people_bundle, tmp_path / "rows.csv", tmp_path / "out.csv", on_error="quarantine")
    aside = pa.csv.read_csv(tmp_path / "out.quarantine.csv").to_pylist()
    assert {row["row"]: row["reason"] for row in aside} == {
        0: 'rows[0].income: "much" is no number',
        4: 'rows[4].income: "1_000" is no number',
        5: 'rows[5].income: "0x10" is no number',
        7: "rows[7].income: Infinity is no finite number",
        10: 'rows[10].income: "five" is no number',
    }


def test_a_number_that_is_not_finite(tmp_path, people_bundle):
    rows = [{**USUAL, "weight": value} for value in (math.nan, math.inf, -math.inf)] + [{**USUAL, "income": math.nan}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    mlpack.batch(people_bundle, tmp_path / "rows.parquet", tmp_path / "out.parquet", on_error="quarantine")
    aside = pq.read_table(tmp_path / "out.quarantine.parquet")["reason"].to_pylist()
    assert aside == [
        "rows[0].weight: NaN is no finite number",
        "rows[1].weight: Infinity is no finite number",
        "rows[2].weight: -Infinity is no finite number",
    ]


def test_a_whole_number_of_more_digits_than_python_reads():
    field = Field("age", "age", None, "int", "int64")
    values = from_text(pa.array(["4" * 5000, "40"]), field, blank=None)
    assert values == ["4" * 5000, 40]
    ((row, reason),) = refusals(values, field)
    assert row == 0
    assert reason.startswith('"444')
