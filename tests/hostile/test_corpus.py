"""All of the hostile corpus is refused, each file with a finding that says what it tried, and nothing of it runs."""

from __future__ import annotations

import pytest
from hostile.scan_off import UNSCANNED

from mlpack.core.errors import MlpackError
from mlpack.formats import identify
from mlpack.scan.rules import all_rules


def test_it_is_refused(case):
    assert case.scan.verdict in case.entry.verdicts, case.said


def test_the_findings_say_what_it_tried(case):
    missing = [part for part in case.entry.says if part not in case.said]
    assert not missing, f"{missing} not in:\n{case.said}"
    assert case.scan.findings
    rules = {finding.rule for finding in case.scan.findings}
    assert rules <= set(all_rules())
    assert not case.entry.rules or rules & set(case.entry.rules), rules


def test_what_is_said_is_one_plain_line(case):
    """Names come from the file: they must not be able to write to the terminal, or pass for other names."""
    for finding in case.scan.findings:
        assert finding.message.isprintable(), ascii(finding.message)
        assert len(finding.message) < 2000


def test_identify_and_load_refuse_it(case):
    with pytest.raises(MlpackError):
        form, header = identify(case.path)
        form.load(case.path)
    assert not case.canary.exists()


def test_the_loader_refuses_it_without_a_scan(case):
    if not case.entry.unscanned:
        return
    with pytest.raises(Exception) as raised:
        UNSCANNED[case.entry.unscanned](case.path)
    assert not isinstance(raised.value, MemoryError | RecursionError)
    assert not case.canary.exists()
