"""The SARIF log: by the schema, and with all that GitHub's code scanning needs to show a result."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog

import mlpack
from mlpack.scan.rules import all_rules


@pytest.fixture
def log(here: Path) -> dict[str, Any]:
    """The log of the zoo, as it is written and read again."""
    mlpack.scan(here, sarif="scan.sarif")
    document: dict[str, Any] = json.loads(Path("scan.sarif").read_bytes())
    return document


def test_it_is_valid(log: dict[str, Any]) -> None:
    SarifLog.model_validate(log)  # the OASIS schema as classes, which refuse every key that it does not have
    log["runs"][0]["results"][0]["levle"] = "error"
    with pytest.raises(ValidationError, match="levle"):
        SarifLog.model_validate(log)


def test_every_rule_says_what_github_shows(log: dict[str, Any]) -> None:
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(all_rules())
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        level = rule["defaultConfiguration"]["level"]
        score = rule["properties"].get("security-severity")
        assert "security" in rule["properties"]["tags"]
        assert (score is None) == (level == "note")
        assert score is None or 0 < float(score) <= 10
    scores = {rule["id"]: rule["properties"].get("security-severity") for rule in rules}
    assert float(scores["pickle/name"]) > 9 > float(scores["pickle/unlisted"]) >= 7 > float(scores["file/corrupt"])


def test_a_result_has_its_rule_its_place_and_its_artifact(log: dict[str, Any]) -> None:
    (run,) = log["runs"]
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        location = result["locations"][0]["physicalLocation"]
        artifact = run["artifacts"][location["artifactLocation"]["index"]]
        assert rule["id"] == result["ruleId"]
        assert artifact["location"]["uri"] == location["artifactLocation"]["uri"]
        assert {"startLine", "startColumn", "endLine", "endColumn"} <= set(location["region"])
        assert result["partialFingerprints"]["primaryLocationLineHash"]
    (unsafe,) = [result for result in run["results"] if result["ruleId"] == "pickle/name"]
    assert unsafe["level"] == "error"
    assert unsafe["message"]["text"].startswith("unsafe.pkl: it calls posix.system('touch owned') (byte 2).")
    assert unsafe["locations"][0]["physicalLocation"]["region"]["byteOffset"] == 2


def test_every_file_is_an_artifact_with_its_hash(log: dict[str, Any]) -> None:
    artifacts = {artifact["location"]["uri"]: artifact for artifact in log["runs"][0]["artifacts"]}
    assert set(artifacts) == {"cut.pkl", "inner/also.pkl", "mine.pkl", "safe.pkl", "unsafe.pkl"}
    for uri, artifact in artifacts.items():
        assert artifact["hashes"] == {"sha-256": hashlib.sha256(Path(uri).read_bytes()).hexdigest()}
        assert artifact["length"] == Path(uri).stat().st_size


def test_the_run_is_told(log: dict[str, Any]) -> None:
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation == {
        "executionSuccessful": True,
        "exitCode": 4,
        "workingDirectory": {"uri": f"{Path.cwd().as_uri()}/"},
    }
    assert log["runs"][0]["tool"]["driver"]["semanticVersion"] == mlpack.__version__


def test_names_are_percent_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "one folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("a b#c%d?é:.pkl", os.fsdecode(b"caf\xe9.pkl")):
        Path(name).write_bytes(b"\x80\x02]q\x00.")
    (tmp_path / "outside.pkl").write_bytes(b"\x80\x02]q\x00.")
    log = mlpack.scan([Path(), Path("../outside.pkl")]).to_sarif()
    SarifLog.model_validate(log)
    assert [artifact["location"]["uri"] for artifact in log["runs"][0]["artifacts"]] == [
        "a%20b%23c%25d%3F%C3%A9%3A.pkl",
        "caf%E9.pkl",
        (tmp_path / "outside.pkl").as_uri(),
    ]


def test_an_offset_in_a_member_is_no_byte_of_the_file() -> None:
    from mlpack.audit.file import FileScan
    from mlpack.audit.sarif import sarif_log
    from mlpack.core.finding import Finding

    found = Finding("plug-in/rule", "warning", "it does", "archive/data.pkl", 12, "do not", "")
    log = sarif_log([FileScan(Path("m.pt"), findings=(found,))], 11)
    SarifLog.model_validate(log)
    (location,) = log["runs"][0]["results"][0]["locations"]
    assert "byteOffset" not in location["physicalLocation"]["region"]
    assert location["logicalLocations"] == [
        {"name": "archive/data.pkl", "kind": "resource", "properties": {"byteOffset": 12}}
    ]
    rule = log["runs"][0]["tool"]["driver"]["rules"][-1]
    assert (rule["id"], rule["defaultConfiguration"]) == ("plug-in/rule", {"level": "warning"})


def test_what_the_user_trusts_is_suppressed_and_still_there(here: Path) -> None:
    log = mlpack.scan(here / "mine.pkl", allow=["mypackage.features:Scaler:built"]).to_sarif()
    SarifLog.model_validate(log)
    (result,) = log["runs"][0]["results"]
    assert (result["level"], result["suppressions"][0]["kind"]) == ("note", "external")
    assert log["runs"][0]["invocations"][0]["exitCode"] == 0


def test_the_same_scan_is_the_same_log(here: Path) -> None:
    assert mlpack.scan(here).to_sarif() == mlpack.scan(here).to_sarif()


def test_a_finding_keeps_its_fingerprint_when_its_bytes_move(here: Path, system: bytes) -> None:
    def fingerprint() -> str:
        (result,) = mlpack.scan(here / "unsafe.pkl").to_sarif()["runs"][0]["results"]
        return str(result["partialFingerprints"]["primaryLocationLineHash"])

    before = fingerprint()
    (here / "unsafe.pkl").write_bytes(system[:2] + b"N0" + system[2:])
    assert fingerprint() == before
