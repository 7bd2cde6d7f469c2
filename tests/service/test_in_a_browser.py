"""The page in a real browser: a ticket is tried, on phone and desk, in the light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.browser import HANGS_AFTER_MS, chromium, violations
from tests.support.models import put_model, registry_with, release, small_arrays
from tests.support.service.listening import listening
from tests.support.service.service import Instance

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A service whose model finds no word common, with two versions and a review band."""
    registry = registry_with()
    arrays = replace(small_arrays(), idf=np.full(len(small_arrays().idf), 3.0))
    model = put_model(registry, 1, arrays=arrays, unseen_idf=3.0, review=(0.2, 0.6))
    release(registry, model)
    put_model(registry, 2)
    with listening(Instance(registry)) as url:
        yield url


@contextmanager
def page_of(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    """The page at / in a fresh context; what its console says may be no error."""
    context = browser.new_context(**options)
    context.set_default_timeout(HANGS_AFTER_MS)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    try:
        yield page
        assert wrong == []
    finally:
        context.close()


def write(page: Page, title: str, description: str = "") -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_label("Description", exact=True).fill(description)


def predict(page: Page) -> None:
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector("#words-title")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_a_ticket_is_tried_and_every_state_of_the_page_is_accessible(
    browser: Browser, address: str, size: dict[str, int], scheme: str
) -> None:
    with page_of(browser, address, viewport=size, color_scheme=scheme) as page:
        checked(page, size)
        write(page, "Production down", "I am blocked, <b>blocked</b> by a question")
        predict(page)
        assert page.locator("#words-title mark[class^=up]").all_inner_texts() == [
            "Production",
            "down",
        ]
        assert (
            page.locator("#words-description mark[class^=up]").all_inner_texts() == ["blocked"] * 2
        )
        assert page.locator("#words-description mark[class^=down]").inner_text() == "question"
        assert page.get_by_role("heading", name="Urgent", exact=True).is_visible()
        assert page.url.rstrip("/") == address
        checked(page, size)
        page.goto(f"{address}/docs")
        checked(page, size)


def checked(page: Page, size: dict[str, int]) -> None:
    """Nothing sticks out to the side, and axe-core has nothing to say."""
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert violations(page) == []


def test_an_example_fills_the_form_and_is_answered_on_the_same_page(
    browser: Browser, address: str
) -> None:
    with page_of(browser, address) as page:
        page.evaluate("window.isTheSamePage = true")
        page.get_by_role("button", name="Checkout is down").click()
        page.wait_for_selector("#words-title")
        assert page.evaluate("window.isTheSamePage")
        assert page.get_by_label("Title").input_value() == "Checkout is down"


def test_it_works_by_keyboard_and_the_answer_gets_the_focus(browser: Browser, address: str) -> None:
    with page_of(browser, address) as page:
        page.get_by_label("Title").focus()
        page.keyboard.type("Thank you")
        page.keyboard.press("Enter")
        page.wait_for_selector("#words-title")
        assert page.evaluate("document.activeElement.innerText") == "Not urgent"


def test_it_works_without_javascript(browser: Browser, address: str) -> None:
    with page_of(browser, address, java_script_enabled=False) as page:
        write(page, "Production down")
        predict(page)
        assert page.locator("#words-title mark[class^=up]").all_inner_texts() == [
            "Production",
            "down",
        ]
        assert page.get_by_label("Title").input_value() == "Production down"


def test_an_empty_ticket_is_told_what_it_needs(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Predict").click()
    alert = page.get_by_role("alert")
    alert.wait_for(timeout=HANGS_AFTER_MS)
    assert "both empty" in alert.inner_text()
    assert violations(page) == []
    context.close()


def test_before_the_first_model_it_says_what_to_do(browser: Browser) -> None:
    with listening(Instance(registry_with())) as empty, page_of(browser, empty) as page:
        assert "Drop a CSV" in page.locator(".answer").inner_text()
        assert violations(page) == []
