"""Platforms by every name that is in use for them, and what to type instead of one that there is not."""

import pytest

from mlpack.core.errors import UsageError
from mlpack.images.platforms import PLATFORMS, platform_of


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_is_called_as_the_engine_calls_it(name):
    assert platform_of(name) == name


@pytest.mark.parametrize(
    ("name", "platform"),
    [
        ("linux/x86_64", "linux/amd64"),
        ("aarch64", "linux/arm64"),
        ("Linux/ARM64/v8", "linux/arm64"),
        ("arm64", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
    ],
)
def test_other_names_of_a_processor_are_taken(name, platform):
    assert platform_of(name) == platform


@pytest.mark.parametrize(
    "name", ["nonsense", "", "linux", "linux/", "linux/riscv", "windows/amd64", "darwin/arm64", "a/b/c"]
)
def test_what_is_no_platform_is_told_with_those_there_are(name):
    with pytest.raises(UsageError, match="is no platform") as refused:
        platform_of(name)
    assert "linux/amd64, linux/arm64, " in refused.value.hint
    assert ("runs on Linux" in refused.value.why) == name.startswith(("windows", "darwin"))
