"""Which wheels fit a Python: what pip itself says of this one, and what the standards say of others."""

from packaging.tags import Tag, sys_tags

from mlpack.images.target import Target, this_python


def test_this_python_takes_what_pip_takes():
    theirs = [tag for tag in sys_tags() if not tag.platform.startswith("linux_")]
    ours = [tag for tag in this_python().ranks if not tag.platform.startswith("linux_")]
    assert set(ours) == set(theirs)
    assert ours[0] == theirs[0]


def test_another_machine_takes_its_own():
    arm = Target((3, 12), "aarch64", "glibc", (2, 28))
    assert Tag("cp312", "cp312", "manylinux_2_28_aarch64") in arm.ranks
    assert Tag("cp312", "cp312", "manylinux2014_aarch64") in arm.ranks
    assert Tag("cp39", "abi3", "manylinux_2_17_aarch64") in arm.ranks
    assert Tag("py3", "none", "any") in arm.ranks
    assert Tag("cp312", "cp312", "manylinux_2_34_aarch64") not in arm.ranks
    assert Tag("cp311", "cp311", "manylinux_2_28_aarch64") not in arm.ranks
    assert Tag("cp312", "cp312", "manylinux_2_28_x86_64") not in arm.ranks
    assert arm.markers["platform_machine"] == "aarch64"


def test_musl_takes_no_manylinux():
    alpine = Target((3, 11), "x86_64", "musl", (1, 2))
    assert Tag("cp311", "cp311", "musllinux_1_2_x86_64") in alpine.ranks
    assert not [tag for tag in alpine.ranks if "manylinux" in tag.platform]
