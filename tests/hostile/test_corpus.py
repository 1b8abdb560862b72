"""All of the hostile corpus is refused, each file with a finding that says what it tried, and nothing of it runs."""

from __future__ import annotations

from collections import Counter

import pytest
from hostile.corpus import all_hostile
from hostile.scan_off import UNSCANNED

from mlpack.core.errors import MlpackError
from mlpack.formats import identify
from mlpack.scan.rules import all_rules


def test_it_is_refused(case):
    assert case.scan.verdict in case.entry.verdicts, case.said


def test_the_findings_say_what_it_tried(case):
    missing = [part for part in case.entry.says if part not in case.said]
    assert not missing, f"{missing} not in:\n{case.said}"
    rules = {finding.rule for finding in case.scan.findings}
    assert rules
    assert rules <= set(all_rules())
    assert not case.entry.rules or rules & set(case.entry.rules), rules


def test_what_is_said_is_one_plain_line(case):
    """Names come from the file: they must not be able to write to the terminal, or pass for other names."""
    for finding in case.scan.findings:
        for text in (finding.message, finding.member, finding.hint):
            assert text.isprintable(), ascii(text)
            assert len(text) < 5000


def identified_and_loaded(path):
    form, _ = identify(path)
    return form.load(path)


def test_identify_and_load_refuse_it(case):
    with pytest.raises(MlpackError):
        identified_and_loaded(case.path)
    assert not case.canary.exists()


def test_the_loader_refuses_it_without_a_scan(case):
    if not case.entry.unscanned:
        return
    with pytest.raises(Exception) as raised:  # noqa: PT011 - some are refused by the library that makes the object
        UNSCANNED[case.entry.unscanned](case.path)
    assert not isinstance(raised.value, MemoryError | RecursionError)
    assert not case.canary.exists()


def test_every_class_of_bypass_is_there():
    """Counted, so that an entry cannot get lost unseen."""
    count = Counter(entry.bypass for entry in all_hostile())
    families = Counter(bypass.partition(":")[0] for bypass in count.elements())
    assert {"gadgets", "resolvers", "trampolines", "opcodes", "arrays", "containers"} <= set(families)
    assert min(count.values()) >= 2, count
    assert sum(families.values()) > 700, families
