"""The page in a real browser: light and dark, narrow and wide."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from verify.page.reports import hostile, largest, passing, vacuous

from mlpack.verify.page import to_html

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
)  # fmt: skip
REPORTS = {"fail": hostile, "pass": passing, "vacuous": vacuous, "largest": largest}
SETTLED = "document.querySelectorAll('details').forEach(one => { one.open = true })"
OVERFLOWING = """
const wide = document.documentElement.clientWidth
const inside = one => one.closest('.scroll') && !one.matches('.scroll')
return [...document.querySelectorAll('body *')].filter(one => !inside(one) && one.getBoundingClientRect().right > wide + 0.5)
  .map(one => one.tagName + '.' + one.getAttribute('class'))
"""
CLIPPED = """
return [...document.querySelectorAll('svg text')].filter(one => {
  const text = one.getBoundingClientRect(), card = one.closest('.card').getBoundingClientRect()
  return text.left < card.left || text.right > card.right || text.height < 6
}).map(one => one.textContent)
"""
PALE = """
const parsed = colour => (colour.match(/[\\d.]+/g) || []).map(Number)
const behind = one => { for (; one; one = one.parentElement) {
  const found = parsed(getComputedStyle(one).backgroundColor)
  if (found.length === 3 || found[3] === 1) return found } }
const light = colour => colour.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0)
const texts = [...document.querySelectorAll('h1,h2,h3,p,dt,dd,small,td,th,caption,summary,code,b,footer,.chip,svg text')]
return texts.filter(one => one.textContent.trim()).map(one => {
  const style = getComputedStyle(one), ink = parsed(one.closest('svg') ? style.fill : style.color)
  const [low, high] = [light(ink), light(behind(one))].sort((a, b) => a - b)
  return [(high + 0.05) / (low + 0.05), one.tagName + ': ' + one.textContent.slice(0, 40)]
}).filter(([ratio]) => ratio < 4.5)
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Chrome]:
    """Debian's Chromium, keeping a list of what it fetches and what it complains of."""
    home = tmp_path_factory.mktemp("home")
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options, Service("/usr/bin/chromedriver", log_output=str(home / "chromedriver.log")))
    try:
        yield driver
    finally:
        driver.quit()


def fetched(browser: Chrome) -> list[str]:
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("name", list(REPORTS))
def test_it_is_good_to_look_at(name, width, scheme, browser, tmp_path):
    page = tmp_path / "report.html"
    page.write_text(to_html(REPORTS[name]()), encoding="utf-8")
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    fetched(browser)
    browser.get(page.as_uri())
    browser.execute_script(SETTLED)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(OVERFLOWING) == []
    assert browser.execute_script(CLIPPED) == []
    assert browser.execute_script(PALE) == []
    dark = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, dark.removeprefix("rgb(").removesuffix(")").split(","))) < 64) == (scheme == "dark")
    assert [url for url in fetched(browser) if not url.startswith("data:")] == [page.as_uri()]
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def test_it_prints_with_everything_unfolded(browser, tmp_path):
    page = tmp_path / "report.html"
    page.write_text(to_html(hostile()), encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.get(page.as_uri())
    heights = browser.execute_script(
        "return [...document.querySelectorAll('details')].map(one => one.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) > 100
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
