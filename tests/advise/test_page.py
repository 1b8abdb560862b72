"""What README and docs/choosing.md say of advice is so."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from mlpack.cli.main import run

ROOT = Path(__file__).parent.parent.parent
sys.path.append(str(ROOT / "scripts"))

README = (ROOT / "README.md").read_text()
PAGE = (ROOT / "docs" / "choosing.md").read_text()


def test_the_table_is_that_of_the_code():
    from advice_rules import page

    assert page(PAGE) == PAGE
    assert PAGE.count("](https://") > 10


def test_the_lines_in_the_readme_do_what_they_show(bundle, tmp_path, monkeypatch, capsys):
    shutil.copytree(bundle, tmp_path / "cancer.mlpack")
    monkeypatch.chdir(tmp_path)
    part = re.search(r"<!-- advise -->(.*?)<!-- /advise -->", README, re.DOTALL)[1]
    shown = re.findall(r"^\$ (.*)\n((?:[^$`].*\n)*)", part, re.MULTILINE)
    assert len(shown) == 2
    for line, expected in shown:
        with pytest.raises(SystemExit) as ended:
            run(shlex.split(line)[1:])
        assert ended.value.code == 0
        wanted = [re.escape(one).replace(re.escape("..."), ".*") for one in expected.splitlines() if one != "..."]
        assert re.search(".*\n(.*\n)*".join(wanted), capsys.readouterr().out)


def test_the_lines_on_the_page_can_be_typed():
    from advise.test_commands import parsed

    lines = [line.partition("#")[0].strip() for line in re.findall(r"^\$ (.*)", PAGE, re.MULTILINE)]
    assert len(lines) == 3
    assert [parsed(line)[0] for line in lines] == ["advise"] * 3
