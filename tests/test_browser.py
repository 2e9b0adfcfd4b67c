"""The pages in a real browser: no errors, no requests elsewhere, readable by everyone, the editor at work."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from support import DOCUMENTS, EXAMPLE, EXAMPLE_FILES, needed
from test_web import TWO_AGREEMENTS, Service
from test_web_address import PATH, proxy

from kg import gate
from kg.web.assets import has_editor, ontology_terms

AXE = Path(__file__).parent.parent / "kg" / "web" / "editor" / "node_modules" / "axe-core" / "axe.min.js"
OPTIONS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]
PAGES = {
    "home": "/",
    "question": "/ask/agreements-between?state=id:us&other=id:sv",
    "agreement": "/id/us-sv-aca-1",
    "state": "/id/us",
    "state with a map": "/id/sv",
    "role": "/id/us?as=pact:party",
    "page of claims": "/id/cbs-news?page=2",
    "claim": "/claim/el-salvador-asylum-deal-c14",
    "claim with its words": f"/claim/{EXAMPLE}-c01",
    "document": "/document/el-salvador-asylum-deal",
    "document with its text": f"/document/{EXAMPLE}",
    "conflicts": "/conflicts",
    "open questions": "/open-questions",
    "ontology": "/ontology",
    "search": "/search?q=salvador",
    "sparql": "/sparql",
    "problem": "/id/nothing-of-that-name",
}
SCREENS = {"light": ("light", 1280, 900), "dark": ("dark", 1280, 900), "phone": ("light", 375, 812)}


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    needed(bool(chromium and chromedriver), "there is no Chromium with its driver (apt install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium or ""
    for option in [*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"]:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    running.implicitly_wait(10)  # for what a click leads to
    yield running
    running.quit()


@pytest.fixture(scope="module")
def service(store_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of the shipped data and of the example document, whose text is here."""
    folder = Path(shutil.copytree(store_folder, tmp_path_factory.mktemp("pages") / "store"))
    gate.add(str(folder), EXAMPLE_FILES)
    running = Service(folder, "--texts", str(DOCUMENTS))
    yield running
    running.stop()


@pytest.fixture
def browser(driver: webdriver.Chrome, service: Service) -> Iterator[webdriver.Chrome]:
    """A browser of ordinary size, which has to end without an error in its console and without a request elsewhere."""
    screen(driver, "light")
    driver.get(f"{service.base}/health")
    log(driver, "browser")
    log(driver, "performance")
    yield driver
    assert errors(driver) == []
    assert hosts(driver) <= {urlsplit(service.base).netloc}


def log(driver: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    """Return what the browser noted since it was last asked."""
    noted: list[dict[str, Any]] = driver.get_log(kind)  # type: ignore[no-untyped-call]
    return noted


def errors(driver: webdriver.Chrome) -> list[str]:
    """Return the errors in the console since it was last read."""
    return [
        entry["message"]
        for entry in log(driver, "browser")
        # What is refused has its status, which the browser tells of as an error.
        if entry["level"] == "SEVERE" and "responded with a status of 40" not in entry["message"]
    ]


def hosts(driver: webdriver.Chrome) -> set[str]:
    """Return the hosts that were asked for anything."""
    messages = [json.loads(entry["message"])["message"] for entry in log(driver, "performance")]
    asked = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    return {urlsplit(url).netloc for url in asked if url.startswith("http")}


def leads(driver: webdriver.Chrome, rows: str) -> list[set[str]]:
    """Return, for each row of a table, where its cells lead."""
    script = """return [...document.querySelectorAll(arguments[0])].map(
      row => [...row.querySelectorAll('a:not([href^="#"])')].map(a => a.pathname + a.hash))"""
    found: list[list[str]] = driver.execute_script(script, rows)
    return [set(each) for each in found]


def screen(driver: webdriver.Chrome, name: str) -> None:
    scheme, width, height = SCREENS[name]
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def click(driver: webdriver.Chrome, selector: str) -> None:
    driver.find_element(By.CSS_SELECTOR, selector).click()


def editor(driver: webdriver.Chrome) -> WebElement:
    """Return the place where the query is written."""
    needed(has_editor(), "the editor was not built (make editor)")
    root = WebDriverWait(driver, 10).until(lambda d: d.find_element(By.CSS_SELECTOR, ".editor")).shadow_root
    return root.find_element(By.CSS_SELECTOR, ".cm-content")


def write(driver: webdriver.Chrome, text: str) -> None:
    """Put a text in the place of the query, key by key."""
    editor(driver).click()
    ActionChains(driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(text).perform()


def run(driver: webdriver.Chrome) -> None:
    ActionChains(driver).key_down(Keys.CONTROL).send_keys(Keys.RETURN).key_up(Keys.CONTROL).perform()


def seen(driver: webdriver.Chrome, text: str) -> None:
    """Wait until the result of a query holds a text."""
    WebDriverWait(driver, 10).until(lambda d: text in d.find_element(By.ID, "result").text)


# --- every page -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", SCREENS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_readable_by_everyone(browser: webdriver.Chrome, service: Service, page: str, how: str) -> None:
    needed(AXE.is_file(), "axe-core is not installed (make editor)")
    screen(browser, how)
    browser.get(service.base + PAGES[page])
    if page == "sparql" and has_editor():
        editor(browser)

    # The page allows no foreign script, so axe comes in by the driver, which the policy does not bind.
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found: list[dict[str, Any]] = browser.execute_async_script(
        "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations))"
    )
    wide = browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert {each["id"]: [node["html"][:120] for node in each["nodes"]] for each in grave} == {}
    assert wide <= 0, "the page scrolls sideways"


def test_a_question_is_asked_through_its_form(browser: webdriver.Chrome, service: Service) -> None:
    browser.get(f"{service.base}/ask/agreements-between")

    Select(browser.find_element(By.NAME, "state")).select_by_visible_text("United States")
    Select(browser.find_element(By.NAME, "other")).select_by_visible_text("El Salvador")
    click(browser, ".ask button")

    assert browser.find_elements(By.CSS_SELECTOR, ".noted li")
    assert "asylum agreement" in browser.find_element(By.CSS_SELECTOR, "tbody").text


def test_three_clicks_lead_from_the_first_page_by_a_row_and_its_note_to_the_passage(
    browser: webdriver.Chrome, service: Service
) -> None:
    browser.get(service.base)

    click(browser, ".question > a[href='/ask/ended-by']")
    click(browser, "main tbody tr .notes a")
    note = browser.find_element(By.ID, urlsplit(browser.current_url).fragment)
    assert note.is_displayed()
    note.find_element(By.CSS_SELECTOR, "a[href*='#p']").click()

    WebDriverWait(browser, 10).until(lambda driver: "#p" in driver.current_url)
    address = urlsplit(browser.current_url)
    assert address.path == "/document/el-salvador-asylum-deal"
    assert browser.find_element(By.ID, address.fragment).is_displayed()


def test_a_question_asked_on_the_first_page_leads_to_its_passages_too(
    browser: webdriver.Chrome, service: Service
) -> None:
    browser.get(service.base)
    # Opening the question on the first page shows its form; it is asked, and the passage stands beside the note.
    browser.find_element(By.XPATH, "//details[.//form[@action='/ask/ended-by']]/summary").click()
    browser.find_element(By.XPATH, "//form[@action='/ask/ended-by']//button").click()
    click(browser, ".noted a[href*='#p']")

    WebDriverWait(browser, 10).until(lambda driver: "#p" in driver.current_url)
    address = urlsplit(browser.current_url)
    assert address.path == "/document/el-salvador-asylum-deal"
    assert browser.find_element(By.ID, address.fragment).is_displayed()


def test_a_name_in_a_claim_leads_to_the_term(browser: webdriver.Chrome, service: Service) -> None:
    needed(bool(ontology_terms()), "the page of the ontology was not built (make docs)")
    browser.get(f"{service.base}/claim/{EXAMPLE}-c01")

    browser.find_element(By.LINK_TEXT, "performed by").click()

    assert browser.current_url == f"{service.base}/ontology#performedBy"
    term = browser.find_element(By.CSS_SELECTOR, ":target")
    assert term.text.startswith("performed by")
    top = browser.execute_script("return arguments[0].getBoundingClientRect().top", term)
    assert 0 <= top < 300, "the page does not open at the term"


# --- the editor -------------------------------------------------------------------------------------------------------


def test_a_query_is_run_in_the_editor_and_its_rows_are_seen(browser: webdriver.Chrome, service: Service) -> None:
    browser.get(f"{service.base}/sparql?query={quote(TWO_AGREEMENTS)}")
    place = editor(browser)
    assert "pact:Agreement" in place.text
    assert browser.find_element(By.ID, "result").text == "", "a query from an address is not run by itself"

    click(browser, "form.sparql button")

    seen(browser, "2 rows")
    links = browser.find_elements(By.CSS_SELECTOR, "#result td a")
    assert {urlsplit(link.get_attribute("href") or "").path for link in links} == {
        "/id/us-sv-aca-1",
        "/id/us-sv-stca-2",
    }


def test_classes_are_completed_and_a_mistake_is_told(browser: webdriver.Chrome, service: Service) -> None:
    browser.get(f"{service.base}/sparql")

    write(browser, "ASK { ?x a pact:Agreem")
    root = browser.find_element(By.CSS_SELECTOR, ".editor").shadow_root
    root.find_element(By.CSS_SELECTOR, "[role=option]").click()
    run(browser)

    seen(browser, "yes")

    write(browser, "SELECT nonsense")
    run(browser)

    seen(browser, "does not parse")


@pytest.mark.parametrize(
    "asked",
    [
        "agreements-between?state=id:us&other=id:sv",
        "agreements?state=El+Salvador&valid-at=2021-06-01",
        "transfer-routes?to=id:sv",
        "who-said?speaker=White+House",
    ],
)
def test_a_question_with_its_values_gives_the_same_rows_in_the_editor(
    browser: webdriver.Chrome, service: Service, asked: str
) -> None:
    browser.get(f"{service.base}/ask/{asked}")
    on_page = leads(browser, "main > .scroll tbody tr")
    assert on_page

    click(browser, "main > details > summary")
    browser.find_element(By.PARTIAL_LINK_TEXT, "Open in the editor").click()
    editor(browser)
    click(browser, "form.sparql button")

    seen(browser, f"{len(on_page)} row")
    in_editor = leads(browser, "#result tbody tr")
    # The editor has columns that the page leaves out, such as the parameters themselves.
    assert all(mine <= other for mine, other in zip(on_page, in_editor, strict=True))


def test_the_editor_works_at_a_path_below_its_host(driver: webdriver.Chrome, service: Service) -> None:
    running = Service(service.place, "--base", f"https://example.org{PATH}/")
    try:
        with proxy(running.base, takes_off=True) as base:
            driver.get(f"{base}sparql?query={quote(TWO_AGREEMENTS)}")
            editor(driver)
            click(driver, "form.sparql button")
            seen(driver, "2 rows")
            click(driver, "#result td a")

            assert driver.current_url.startswith(f"{base}id/us-sv-")
            assert driver.find_element(By.TAG_NAME, "h1").text
            assert errors(driver) == []
    finally:
        running.stop()


def test_a_saved_question_opens_in_the_editor(browser: webdriver.Chrome, service: Service) -> None:
    browser.get(f"{service.base}/ask/ended-by")
    click(browser, "main > details > summary")
    browser.find_element(By.LINK_TEXT, "Open in the editor").click()
    assert "?agreement" in editor(browser).text

    Select(browser.find_element(By.ID, "examples")).select_by_index(1)
    click(browser, "form.sparql button")

    seen(browser, "row")
