"""The page, in a browser without a screen, against a real server."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from kgreason.engine import Reasoner
from kgreason.graph import KnowledgeGraph
from kgreason.serving.app import make_app
from kgreason.serving.graphs import Graphs
from kgreason.serving.page import PATHS
from kgreason.serving.service import Service
from tests.web import HOST, LOCAL

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
#: Where a picture of the page is put, if anywhere.
PICTURE = os.environ.get("KGREASON_PAGE_PICTURE")
HOSTILE = [
    "<img src=x onerror=\"document.title='run'\">",
    "<script>document.title='run'</script>",
    "javascript:document.title='run'",
    "\"><svg onload=document.title='run'>",
    "'-document.title='run'-'",
    "{{document.title='run'}}",
    "</td><script>document.title='run'</script>",
    "&lt;script&gt;document.title='run'&lt;/script&gt;",
    "\u202e<b onmouseover=document.title='run'>",
    "`${document.title='run'}`",
]
HOSTILE += [f"{name} {i}" for i in range(9) for name in HOSTILE]


def test_files_are_whole_and_open_to_everybody(client):
    page = client.get("/").text
    named = set(re.findall(r'(?:src|href)="([^":]+)"', page))
    assert {f"/{name}" for name in named} == PATHS.keys() - {"/"}
    for path in PATHS:
        response = client.get(path)
        assert response.status_code == 200
        assert "script-src 'self'" in response.headers["content-security-policy"]
    assert not re.search(r"<script>|\son\w+=|style=", page)  # the policy would stop them
    assert "innerHTML" not in client.get("/page.js").text


def test_both_languages_say_the_same_things(client):
    page, code, words = (client.get(path).text for path in ("/", "/page.js", "/words.js"))
    english, chinese = (set(re.findall(r"(\w+): \"", part)) for part in words.split("zh: {"))
    assert english == chinese
    used = {*re.findall(r'data-(?:word|placeholder)="(\w+)"', page), *re.findall(r"words\.(\w+)", code)}
    assert used - {"js"} <= english  # words.js is a file


@pytest.fixture(scope="module")
def address(tiny_base) -> Iterator[str]:
    from tests.models import opened, tiny_model

    facts = [("penguin", "AtLocation", "zoo"), ("penguin", "IsA", "bird"), ("bird", "AtLocation", "zoo")]
    facts += [("penguin", "AtLocation", name) for name in HOSTILE]
    service = Service(Graphs({"default": Reasoner(opened(tiny_model(tiny_base)), KnowledgeGraph.from_triples(facts))}))
    server = uvicorn.Server(uvicorn.Config(make_app(service), host=HOST, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert service.warmed.wait(120)
    yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Any]:
    if not (BROWSER and DRIVER):
        pytest.skip("no chromium with chromedriver (Debian: chromium, chromium-driver)")
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = BROWSER
    for flag in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
                 "disable-background-networking", "disable-component-update", "window-size=1100,1400"):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('browser')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, address):
    """The page, just opened: finds elements, asks, and waits for what changes."""
    from selenium.webdriver.support.ui import WebDriverWait

    class Page:
        def find(self, selector: str) -> Any:
            return browser.find_element("css selector", selector)

        def all(self, selector: str) -> list[Any]:
            found: list[Any] = browser.find_elements("css selector", selector)
            return found

        def until(self, what: Any) -> Any:
            return WebDriverWait(browser, 30).until(lambda _: what())

        def ask(self, question: str, *options: str) -> None:
            for name, text in (("#text", question), ("#second", "\n".join(options))):
                self.find(name).clear()
                self.find(name).send_keys(text)
            self.find("#send").click()
            self.until(lambda: self.all("#ranking tr"))

        def shares(self) -> dict[str, str]:
            rows = (
                "[...document.querySelectorAll('#ranking tr')].map((row) => [row.cells[0].textContent, row.innerText])"
            )
            return dict(browser.execute_script(f"return {rows}"))  # at one moment

    browser.get(address)
    found = Page()
    found.until(lambda: found.all("#graph-name option"))
    return found


@LOCAL
@pytest.mark.slow
def test_a_question_is_asked_and_its_evidence_edited(page, browser):
    page.ask("Where would you keep a penguin?", "zoo", "oven")
    before = page.shares()
    assert set(before) == {"zoo", "oven"}
    assert page.find("#marked mark").text == "penguin"
    assert page.find("#drawing canvas")
    edge = next(each for each in page.all("#edges label") if each.text == "penguin is found at zoo")
    if PICTURE:
        browser.save_screenshot(str(Path(PICTURE)))
    edge.click()
    page.until(lambda: page.all("#edges .off") and page.shares() != before)
    assert page.find("#edges .off").text == "penguin is found at zoo"
    removed = page.shares()
    for name, text in (("source", "penguin"), ("relation", "AtLocation"), ("target", "oven")):
        page.find(f"#add-{name}").send_keys(text)
    page.find("#addition button").click()
    page.until(lambda: page.shares() != removed)
    assert any("added" in each.text for each in page.all("#edges li"))
    page.find("#edges .off").click()
    page.until(lambda: not page.all("#edges .off"))
    logged = [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not [line for line in logged if "cytoscape" not in line]  # it tries a style of its own, which page.css has


@LOCAL
@pytest.mark.slow
def test_it_is_used_by_keyboard_and_speaks_chinese(page, browser):
    from selenium.webdriver.common.keys import Keys

    page.find("#tab-ask").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.get_attribute("id") == "tab-emotion"
    page.find("#text").send_keys("The penguin froze. It was sad.")
    page.find("#send").send_keys(Keys.ENTER)
    page.until(lambda: len(page.all("#ranking tr")) == 7 and page.all("#more li"))
    page.find("#language").send_keys("中")
    page.until(lambda: page.find("#tab-ask").text == "提问")
    assert page.find("html").get_attribute("lang") == "zh"


@LOCAL
@pytest.mark.slow
def test_no_name_runs_as_a_script(page, browser):
    page.ask("Where would you keep a penguin?", *HOSTILE[:60])
    assert len(page.shares()) > 50
    page.ask("Where would you keep a penguin?", *HOSTILE[60:])
    assert page.all("#edges li")
    assert browser.title == "kgreason"
    assert not browser.find_elements("css selector", "#result img, #edges img, main script, svg")
