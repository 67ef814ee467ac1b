"""The proof in the browser: verified on a true log, broken on a lie, and honest about the rest."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect
from tests.browser.conftest import Opens

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_record_is_verified_in_the_browser(visit: Opens) -> None:
    one = visit("#/record/0")
    expect(one.page.locator(one.at("proof"))).to_contain_text("Verified")
    steps = one.page.locator(one.at("head")).locator(".steps li")
    expect(steps.filter(has_text="Signature of the head")).to_have_class("proved")
    expect(steps.filter(has_text="Founding record")).to_have_class("proved")
    expect(steps.filter(has_text="Tree of all records")).to_have_class("proved")
    expect(one.page.locator(one.at("leaf")).locator("li.proved").first).to_be_visible()


def test_a_quorum_of_witnesses_is_counted(visit: Opens) -> None:
    one = visit("#/record")
    step = one.page.locator(one.at("head")).locator(".steps li").filter(has_text="Witnesses")
    expect(step).to_have_class("proved")
    expect(step).to_contain_text("are needed")


def test_a_second_visit_proves_that_nothing_was_rewritten(visit: Opens) -> None:
    one = visit("#/record")
    grown = (
        one.page.locator(one.at("head")).locator(".steps li").filter(has_text="Nothing rewritten")
    )
    expect(grown).to_have_class(re.compile("open|proved"))
    one.page.reload()
    expect(grown).to_have_class("proved")
    expect(one.page.locator(one.at("proof"))).to_contain_text(
        "nothing rewritten since your last visit"
    )


def test_every_record_can_be_read_and_checked(visit: Opens) -> None:
    one = visit("#/record")
    expect(one.page.locator(one.at("proof"))).to_contain_text("Verified")
    one.page.get_by_text("Read and check every record").click()
    whole = one.page.locator(".steps li").filter(has_text="Every record read")
    expect(whole).to_have_class(re.compile("proved"))
    expect(whole).to_contain_text("0 by keys that the log does not name")


def flipped(route: Route) -> None:
    """Answer with the true file, one bit near its beginning changed: within the first entry."""
    answer = route.fetch()
    body = bytearray(answer.body())
    if answer.ok and body:
        body[min(60, len(body) // 2)] ^= 1
    route.fulfill(response=answer, body=bytes(body))


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("a tile", r"/log/tile/0/"),
        ("the entries", r"/log/tile/entries/"),
        ("the checkpoint", r"/log/checkpoint$"),
    ],
)
def test_what_was_tampered_with_is_broken(visit: Opens, what: str, path: str) -> None:
    one = visit("#/record/1", before=lambda context: context.route(re.compile(path), flipped))
    expect(one.page.locator(one.at("proof"))).to_contain_text("Broken")
    expect(one.page.locator(".proof-badge.broken")).to_be_visible()


def test_a_log_that_forgot_what_it_showed_is_broken(visit: Opens) -> None:
    one = visit("#/record")
    expect(one.page.locator(one.at("proof"))).to_contain_text("Verified")
    # What a browser remembers of a longer history, which this server no longer shows.
    one.context.add_init_script(
        """
        for (const name of Object.keys(localStorage)) if (name.startsWith('truceline.head.')) {
          const head = JSON.parse(localStorage.getItem(name))
          localStorage.setItem(name, JSON.stringify({ ...head, size: head.size + 100000 }))
        }
        """
    )
    one.page.reload()
    expect(one.page.locator(one.at("proof"))).to_contain_text("Broken")
    expect(one.page.locator(one.at("proof"))).to_contain_text("keep what it shows as evidence")


def test_what_is_not_shown_is_said(visit: Opens) -> None:
    one = visit("#/record")
    panel = one.page.locator("#panel-body")
    expect(panel).to_contain_text("What this does not show")
    expect(panel).to_contain_text("truceline verify")
