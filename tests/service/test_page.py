"""The page at /: for whom it is, what it holds without a browser, and what it may do."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from service.answers import BODY_MAX_BYTES
from service.trial import marked
from tests.service.faults import outage
from tests.service.problem_answer import problem_of
from tests.support.html_page import Page
from tests.support.models import put_model, registry_with, release
from tests.support.service.service import SOFT_S, Instance
from urgency.bundle import CARD, Verdict
from urgency.reasons import Reason
from urgency.ticket import normal_ticket

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="module")
def instance() -> Instance:
    return Instance(registry_with(1, 2))


def test_browsers_get_the_page_and_programs_the_paths(instance: Instance):
    answer = instance.http.get("/", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    for accepted in ({}, {"Accept": "*/*"}, {"Accept": "application/json, text/html"}):
        answer = instance.http.get("/", headers=accepted)
        assert answer.json["service"] == "ticket-urgency"
        assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_needs_nothing_else_and_may_run_only_its_own_script(instance: Instance, path: str):
    answer = instance.http.get(path, headers=BROWSER)
    page = Page(answer.text)
    assert not {"style", "onclick", "onsubmit"} & {name for name, _ in page.attributes}
    leads = {value or "" for name, value in page.attributes if name in ("src", "href", "action")}
    assert all(re.match("/(?!/)|#|data:,$", lead) for lead in leads)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    for kind in ("style", "script"):
        for text in re.findall(f"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL):
            hashed = b64encode(sha256(text.encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{hashed}'" in policy


def test_the_form_is_answered_in_words_with_the_texts_kept(instance: Instance):
    form = {"title": "Production <script>down</script>", "source": "email", "customer_tier": "x"}
    answer = instance.http.post("/", data=form)
    page = Page(answer.text)
    assert answer.status_code == 200
    assert "the threshold is 50.0 %" in page.text
    assert "customer_tier 'x' was not seen in training" in page.text
    assert ("value", "Production <script>down</script>") in page.attributes
    assert page.tags.count("script") == 1


def test_a_ticket_within_the_review_band_is_for_a_person():
    registry = registry_with()
    release(registry, put_model(registry, 1, review=(0.0, 1.0)))
    answer = Instance(registry).http.post("/", data={"title": "Production down"})
    assert "A person should look" in answer.text


def test_what_the_api_refuses_the_page_refuses_in_the_same_words(instance: Instance):
    answer = instance.http.post("/", data={"title": " ", "source": "phone"})
    assert answer.status_code == 422
    assert "title and description are both empty" in answer.text
    assert ("value", "phone") in Page(answer.text).attributes
    problem_of(instance.http.post("/", json={"title": "x"}), 415)
    large = b"title=" + b"x" * BODY_MAX_BYTES
    kind = "application/x-www-form-urlencoded"
    problem_of(instance.http.post("/", data=large, content_type=kind), 413)


def test_the_longest_text_is_read_however_it_is_encoded(instance: Instance):
    answer = instance.http.post("/", data={"description": "я" * 65_536})
    assert answer.status_code == 200


def test_no_text_of_a_ticket_gets_into_a_log_or_an_address():
    instance = Instance(registry_with(1))
    instance.http.post("/", data={"title": "a secret of mine"})
    instance.http.post("/", data={"title": "", "description": "\0", "source": "a secret" * 99})
    assert "secret" not in instance.written.getvalue()
    page = Page(instance.http.get("/", headers=BROWSER).text)
    assert [value for name, value in page.attributes if name == "method"] == ["post", "post"]


def test_the_model_that_answers_has_its_figures_and_a_link_to_its_card():
    registry = registry_with(1)
    manifest = registry.manifest(1)
    assert manifest
    parts = manifest.parts | {CARD: registry.put_blob(b"<p>")}
    release(registry, registry.commit(replace(manifest, version=2, parts=parts)))
    page = Page(Instance(registry).http.get("/", headers=BROWSER).text)
    assert "Version 2, trained 2026-01-02 03:04 UTC on 1,000 tickets. Its card" in page.text
    assert "0.950" in page.text


def test_the_history_tells_each_verdict_and_which_version_serves():
    registry = registry_with(1)
    put_model(registry, 2, verdict=Verdict("HOLD", ("Too few <tickets>.",), 1))
    text = Page(Instance(registry).http.get("/", headers=BROWSER).text).text
    assert re.search(r"Version 2\s+HOLD.*Too few <tickets>\..*Version 1 serves", text, re.DOTALL)


def test_without_storage_the_page_still_answers_and_says_what_it_cannot_tell():
    instance = Instance(registry_with(1))
    outage(instance.registry)
    instance.clock.advance(SOFT_S * 0.5)
    answer = instance.http.get("/", headers=BROWSER)
    assert answer.status_code == 200
    assert "They cannot be listed now" in answer.text


def test_without_a_model_the_page_says_what_to_do():
    http = Instance(registry_with()).http
    assert "Drop a CSV of labelled tickets" in http.get("/", headers=BROWSER).text
    answer = http.post("/", data={"title": "Production down"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert ("value", "Production down") in Page(answer.text).attributes


def test_each_place_of_a_word_is_marked_and_no_character_is_lost():
    ticket = normal_ticket("Down, down: up", "down")
    reasons = (
        Reason("title", "Down", (0, 4), 1.5),
        Reason("title", "up", (12, 14), -0.3),
        Reason("description", "down", (0, 4), 0.01),
    )
    pieces = marked(ticket, "title", reasons)
    assert "".join(piece.text for piece in pieces) == ticket.title
    marks = [(piece.text, piece.mark) for piece in pieces if piece.mark]
    assert marks == [("Down", "up4"), ("down", "up4"), ("up", "down2")]
    assert [piece.mark for piece in marked(ticket, "description", reasons)] == [""]


def test_words_that_overlap_as_in_thai_are_marked_without_repeating_a_character():
    ticket = normal_ticket("ระบบล่ม", "")
    reasons = tuple(Reason("title", word, (0, 2), 0.9) for word in ("ระ", "ะบ", "บบ"))
    pieces = marked(ticket, "title", reasons)
    assert "".join(piece.text for piece in pieces) == ticket.title
    assert sum(bool(piece.mark) for piece in pieces) == 3
