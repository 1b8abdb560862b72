"""A scan as a SARIF 2.1.0 log, with what GitHub's code scanning reads of it.

Sources: SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub needs,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mlpack
from mlpack.audit.file import FileScan
from mlpack.core.finding import Finding, Severity
from mlpack.scan.rules import Rule, all_rules

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "note"}
_MEANINGS: dict[Severity, str] = {
    "error": "No model has business doing it: mlpack never loads such a file, and no trust in the file lifts it.",
    "warning": "mlpack loads such a file only when its SHA-256, or this use of a name, was vouched for.",
    "note": "It is worth knowing, and nothing is held against the file.",
}
_DAMAGE = "The file could not be judged to its end: mlpack does not load it."
_SCORES: dict[Severity, str] = {"error": "9.5", "warning": "7.5"}
"""GitHub shows over 9.0 as critical, from 7.0 as high, from 4.0 as medium; a rule without a score is no security alert."""
_DAMAGE_SCORE = "5.0"


def sarif_log(files: Sequence[FileScan], exit_code: int) -> dict[str, Any]:
    """The log of one run over ``files``. Paths below the working folder are relative to it."""
    here = Path.cwd()
    rules = _rules(files)
    places = {rule.id: index for index, rule in enumerate(rules)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mlpack",
                        "fullName": f"mlpack {mlpack.__version__}",
                        "semanticVersion": mlpack.__version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "exitCode": exit_code,
                        "workingDirectory": {"uri": f"{here.as_uri()}/"},
                    }
                ],
                "artifacts": [_artifact(file, here) for file in files],
                "results": [
                    _result(file, index, finding, places[finding.rule], here)
                    for index, file in enumerate(files)
                    for finding in file.findings
                ],
                "columnKind": "utf16CodeUnits",
            }
        ],
    }


def uri_of(path: Path, here: Path) -> str:
    """``path`` below ``here`` as a relative reference, any other as a ``file:`` address; percent-encoded byte by byte.

    Links to folders are resolved, because GitHub finds no file through one.
    """
    place = Path(os.path.realpath(path.parent)) / path.name
    if place.is_relative_to(here):
        return quote(os.fsencode(place.relative_to(here).as_posix()), safe="/")
    return place.as_uri()


def _rules(files: Iterable[FileScan]) -> list[Rule]:
    """Every rule of mlpack, and those of plug-ins that were met."""
    known = dict(all_rules())
    for file in files:
        for finding in file.findings:
            if finding.rule not in known:
                known[finding.rule] = Rule(finding.rule, finding.severity, finding.message, finding.hint)
    return list(known.values())


def _rule(rule: Rule) -> dict[str, Any]:
    meaning = _DAMAGE if rule.damage else _MEANINGS[rule.severity]
    score = _DAMAGE_SCORE if rule.damage else _SCORES.get(rule.severity)
    advice = f"{rule.advice}."
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.replace("/", "-").split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {meaning}"},
        "help": {"text": f"{meaning} What to do: {advice}", "markdown": f"{meaning}\n\n**What to do:** {advice}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["security", "machine-learning", rule.id.partition("/")[0]],
            "precision": "very-high",
            **({"security-severity": score} if score else {}),
        },
    }


def _artifact(file: FileScan, here: Path) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": {"uri": uri_of(file.path, here)}, "roles": ["analysisTarget"]}
    if file.size is not None:
        artifact["length"] = file.size
    if file.sha256:
        artifact["hashes"] = {"sha-256": file.sha256}
    artifact["properties"] = {"verdict": file.verdict, "format": file.format}
    return artifact


def _result(file: FileScan, index: int, finding: Finding, rule_index: int, here: Path) -> dict[str, Any]:
    place = f" ({finding.place})" if finding.place else ""
    advice = f"\n{finding.hint}" if finding.hint else ""
    lifted = finding in file.lifted
    result = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": "note" if lifted else _LEVELS[finding.severity],
        "message": {"text": f"{file.path.name}: {finding.message}{place}.{advice}"},
        "locations": [_location(uri_of(file.path, here), index, finding)],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(finding)},
    }
    if lifted:  # GitHub does not read suppressions: there it is the level that tells
        result["suppressions"] = [{"kind": "external", "justification": "the user vouched for it"}]
    if finding.use:
        result["properties"] = {"use": finding.use}
    return result


def _location(uri: str, index: int, finding: Finding) -> dict[str, Any]:
    """The whole file, or the byte in it. An offset in a member is one of the member's own, and no byte of the file.

    GitHub shows no result without lines and columns; a model has none, so they are those of its beginning.
    """
    region: dict[str, int] = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    if finding.offset is not None and not finding.member:
        region |= {"byteOffset": finding.offset}
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": uri, "index": index}, "region": region},
    }
    if finding.member:
        offset = {} if finding.offset is None else {"properties": {"byteOffset": finding.offset}}
        location["logicalLocations"] = [{"name": finding.member, "kind": "resource", **offset}]
    return location


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding when the file is made again and its bytes have moved."""
    parts: Mapping[str, str] = {"rule": finding.rule, "member": finding.member, "what": finding.use or finding.message}
    return hashlib.sha256("\0".join(parts.values()).encode("utf-8", "surrogatepass")).hexdigest()[:32] + ":1"
