"""A person opens /docs in a browser, presses "Try it out" and "Execute", and reads the model's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import element_to_be_clickable, visibility_of_element_located
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--window-size=1200,1900",
)  # fmt: skip
PREDICT = '[data-path="/predict"]'
RESPONSE = ".live-responses-table .response"


@pytest.fixture
def browser(tmp_path, monkeypatch) -> Iterator[Chrome]:
    """Debian's Chromium, with nothing remembered, keeping a list of what it fetches."""
    monkeypatch.setenv("HOME", str(tmp_path))
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options, Service("/usr/bin/chromedriver", log_output=str(tmp_path / "chromedriver.log")))
    try:
        yield driver
    finally:
        driver.quit()


def press(browser: Chrome, selector: str) -> None:
    WebDriverWait(browser, 20).until(element_to_be_clickable((By.CSS_SELECTOR, selector))).click()


def read(browser: Chrome, selector: str) -> str:
    return str(WebDriverWait(browser, 20).until(visibility_of_element_located((By.CSS_SELECTOR, selector))).text)


def fetched(browser: Chrome) -> list[str]:
    """The addresses on the network that were asked."""
    events: list[Any] = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith(("data:", "chrome:", "about:"))]


def test_try_it_out_gives_the_models_answer(pair, browser, tmp_path: Path) -> None:
    example, service = pair
    browser.get(f"{service.url}/docs")
    assert example.name in browser.title
    press(browser, f".opblock-summary-path{PREDICT}")
    press(browser, ".try-out__btn")
    body = WebDriverWait(browser, 20).until(visibility_of_element_located((By.CSS_SELECTOR, ".body-param__text")))
    instances = json.loads(body.get_attribute("value"))["instances"]
    press(browser, ".execute")
    assert read(browser, f"{RESPONSE} .response-col_status").split()[0] == "200"
    predictions = json.loads(read(browser, f"{RESPONSE} .highlight-code code"))["predictions"]
    browser.save_screenshot(str(tmp_path / "docs.png"))
    rows = pd.DataFrame(instances)[list(example.estimator.feature_names_in_)]
    assert [one["label"] for one in predictions] == example.estimator.predict(rows).tolist()
    told = [[one["probabilities"][str(name)] for name in example.estimator.classes_] for one in predictions]
    np.testing.assert_allclose(told, example.estimator.predict_proba(rows), rtol=1e-4, atol=1e-5)
    assert [url for url in fetched(browser) if not url.startswith(service.url)] == []
    assert [entry["message"] for entry in browser.get_log("browser")] == []
