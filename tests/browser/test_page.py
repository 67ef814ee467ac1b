"""The control room as people see it: both languages, both widths, every panel."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import ROOT, Opens

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PANELS = ("agreements", "zones", "posts", "crossings", "record")
PLACES = (
    "#/agreements",
    "#/agreements/ASTANA-2017",
    "#/zones",
    "#/zones/GHOUTA-C?at=2017-08-01T09:00:00Z",
    "#/posts",
    "#/crossings",
    "#/record/5",
)
KIB = 1024


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_map_is_drawn_in_both_languages_at_both_widths(
    visit: Opens, keeps: Callable[[Page, str], None], language: str, width: int
) -> None:
    one = visit("#/zones", language=language, width=width).drawn()
    expect(one.page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    expect(one.page.locator(one.at("exercise"))).to_be_visible()
    expect(one.page.locator(".proof-badge.proved")).to_be_visible()
    one.page.wait_for_timeout(2500)
    keeps(one.page, f"map-{language}-{width}")


@pytest.mark.parametrize(
    ("name", "place", "language", "width", "theme"),
    [
        ("dispute-en-1440", "#/zones/GHOUTA-C?at=2017-08-01T09:00:00Z", "en", 1440, "light"),
        ("dispute-ar-1440", "#/zones/DEZ-1?at=2017-08-01T09:00:00Z", "ar", 1440, "light"),
        ("dispute-ar-390", "#/zones/GHOUTA-C?at=2017-08-01T09:00:00Z", "ar", 390, "light"),
        ("dark-en-1440", "#/zones/SOUTH-D", "en", 1440, "dark"),
        ("agreement-en-1440", "#/agreements/ASTANA-2017", "en", 1440, "light"),
        ("posts-en-390", "#/posts", "en", 390, "light"),
        ("record-en-1440", "#/record/93", "en", 1440, "light"),
        ("record-ar-390", "#/record/93", "ar", 390, "dark"),
    ],
)
def test_each_panel_has_its_picture(
    visit: Opens,
    keeps: Callable[[Page, str], None],
    name: str,
    place: str,
    language: str,
    width: int,
    theme: str,
) -> None:
    one = visit(place, language=language, width=width, theme=theme).drawn()
    expect(one.page.locator("#panel-body .section").first).to_be_visible()
    expect(one.page.locator(".proof-badge.proved")).to_be_visible()
    one.page.wait_for_timeout(2500)
    keeps(one.page, name)


def test_arabic_mirrors_the_page(visit: Opens) -> None:
    one = visit("#/zones", language="ar")
    panel = one.page.locator(".panel").bounding_box()
    assert panel
    assert panel["x"] + panel["width"] == 1440  # at the right, where reading begins
    one.page.locator(one.at("language")).click()
    expect(one.page.locator("html")).to_have_attribute("lang", "en")
    panel = one.page.locator(".panel").bounding_box()
    assert panel
    assert panel["x"] == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing(visit: Opens, language: str, theme: str) -> None:
    for width in (1440, 390):
        # axe comes in as a script of its own, which the page's policy would rightly refuse.
        one = visit("#/zones", language=language, theme=theme, width=width, bypass_csp=True).drawn()
        for place in PLACES:
            one.page.goto(f"{one.page.url.split('#')[0]}{place}")
            expect(
                one.page.locator("#panel-body .lead, #panel-body .section").first
            ).to_be_visible()
            one.page.wait_for_timeout(400)
            found = Axe().run(one.page, options={"resultTypes": ["violations"]})
            assert not found.violations_count, f"{width} {place}: {found.generate_report()}"


def test_every_panel_is_reached_by_keyboard_alone(visit: Opens) -> None:
    one = visit("#/agreements").drawn()
    keyboard = one.page.keyboard
    one.page.locator(one.at("tab-agreements")).focus()
    for panel in PANELS[1:]:
        keyboard.press("ArrowRight")
        tab = one.page.locator(one.at(f"tab-{panel}"))
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
    keyboard.press("Home")
    keyboard.press("ArrowRight")
    expect(one.page.locator(".cards")).to_be_visible()
    keyboard.press("Tab")  # the panel itself, which scrolls
    keyboard.press("Tab")
    keyboard.press("Enter")
    expect(one.page.locator(".detail h2")).to_be_visible()
    one.page.go_back()
    expect(one.page.locator(".cards")).to_be_visible()


def test_arrow_keys_follow_the_reading_direction(visit: Opens) -> None:
    one = visit("#/agreements", language="ar")
    one.page.locator(one.at("tab-agreements")).focus()
    one.page.keyboard.press("ArrowLeft")
    expect(one.page.locator(one.at("tab-zones"))).to_be_focused()


def test_a_dispute_names_its_pieces_and_the_places_in_them(visit: Opens) -> None:
    one = visit("#/zones/GHOUTA-C?at=2017-08-01T09:00:00Z")
    panel = one.page.locator("#panel-body")
    expect(panel).to_contain_text("Jaysh al-Islam")
    expect(panel).to_contain_text("km² disputed")
    expect(panel.locator(".places li").first).to_be_visible()
    expect(panel).to_contain_text("What would settle it")


def test_readings_stand_side_by_side_and_deadlines_have_a_state(visit: Opens) -> None:
    one = visit("#/agreements/ASTANA-2017")
    panel = one.page.locator("#panel-body")
    expect(panel.locator("blockquote").nth(1)).to_be_visible()
    expect(panel.locator(".deadline .tag").first).to_be_visible()
    maps = panel.locator(".deadline").filter(has_text="4 Jun 2017")
    expect(maps).to_contain_text("met 8 Sept 2017")
    expect(maps).to_contain_text("96 days late")  # then, however long ago that is by now


def test_posts_keep_three_counts_apart(visit: Opens) -> None:
    one = visit("#/posts")
    first = one.page.locator(".counts").first
    for word in ("Agreed", "Reported", "Observed"):
        expect(first).to_contain_text(word)


def test_a_crossing_opens_with_its_verdict_its_nature_and_its_record(visit: Opens) -> None:
    one = visit("#/crossings").drawn()
    one.page.locator(".card.crossing").first.click()
    panel = one.page.locator("#panel-body")
    expect(panel.locator(".detail h2")).to_have_text(re.compile("Suspected|Probable|Confirmed"))
    expect(panel).to_contain_text(re.compile("Synthetic|Real"))
    panel.get_by_text("Prove this record").click()
    leaf = one.page.locator(one.at("leaf"))
    expect(leaf.locator("li.proved")).to_have_count(3)


def test_the_public_sees_no_aircraft_no_positions_and_no_single_crossing(visit: Opens) -> None:
    one = visit("#/crossings", role="public").drawn()
    panel = one.page.locator("#panel-body")
    expect(panel).to_contain_text("The public is given how many")
    expect(panel.locator(".card.crossing")).to_have_count(0)
    expect(one.page.locator(".legend")).not_to_contain_text("Position of")
    expect(one.page.locator(".legend")).not_to_contain_text("flight")
    one.page.locator(one.at("role")).select_option("watch")
    expect(one.page.locator(".legend")).to_contain_text("Position of")
    expect(one.page.locator(".legend")).to_contain_text("Synthetic flight")


def test_a_storyline_takes_the_page_to_its_moment_and_back(visit: Opens) -> None:
    one = visit("#/zones").drawn()
    one.page.locator(one.at("story")).select_option("zone-c")
    expect(one.page.locator(one.at("told"))).to_be_visible()
    expect(one.page).to_have_url(re.compile(r"GHOUTA-C\?at=2017-08-01"))
    expect(one.page.locator(".map-note")).to_contain_text("As it stood")
    one.page.locator(one.at("now")).click()
    expect(one.page).not_to_have_url(re.compile("at="))
    expect(one.page.locator(one.at("play"))).to_be_visible()


def test_a_demonstration_opens_on_its_first_storyline(visit: Opens) -> None:
    one = visit("").drawn()
    expect(one.page).to_have_url(re.compile(r"#/zones/GHOUTA-C\?at=2017-08-01"))
    expect(one.page.locator(one.at("told"))).to_be_visible()
    expect(one.page.locator(one.at("map"))).to_have_attribute(
        "data-zones", re.compile(r"\bGHOUTA-C\b")
    )
    expect(one.page.locator("#panel-body .places li").first).to_be_visible()
    one.page.locator(one.at("now")).click()
    expect(one.page).not_to_have_url(re.compile("at="))


def test_a_cold_link_puts_its_zone_on_the_canvas(visit: Opens) -> None:
    one = visit("#/zones/GHOUTA-C")
    canvas = one.page.locator(one.at("map"))
    expect(canvas).to_have_attribute("data-zones", re.compile(r"\bGHOUTA-C\b"), timeout=60_000)
    expect(one.page.locator(".drawing")).to_have_count(0)


@pytest.mark.parametrize(
    ("place", "zone"),
    [("#/agreements/HOMS-2017", "HOMS-B"), ("#/crossings", "HOMS-B|GHOUTA-C|DEZ")],
)
def test_what_is_opened_is_on_the_map(visit: Opens, place: str, zone: str) -> None:
    one = visit(place).drawn()
    if place == "#/crossings":
        # The demonstration plays on: the newest crossing may be in any zone.
        one.page.locator(".card.crossing").filter(has_text=re.compile(zone)).first.click()
    expect(one.page.locator(one.at("map"))).to_have_attribute("data-zones", re.compile(zone))
    one.page.locator(f"{one.at('map')}:not([data-zones~=SOUTH-D])").wait_for()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_is_wider_than_a_small_screen_and_no_time_is_cut(
    visit: Opens, language: str
) -> None:
    one = visit("", language=language, width=390)
    expect(one.page.locator(one.at("now"))).to_be_visible()
    for place in PLACES:
        one.page.goto(f"{one.page.url.split('#')[0]}{place}")
        expect(one.page.locator("#panel-body .lead, #panel-body .section").first).to_be_visible()
        assert one.page.evaluate("document.documentElement.scrollWidth") == 390, place
    one.page.goto(f"{one.page.url.split('#')[0]}{PLACES[3]}")
    time, now = one.page.locator(".demo .clock"), one.page.locator(one.at("now"))
    expect(now).to_be_visible()
    a, b = time.locator("strong").bounding_box(), now.bounding_box()
    assert a
    assert b
    assert a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
    assert min(a["x"], b["x"]) >= 0


def test_the_clock_can_be_stopped_and_started(visit: Opens) -> None:
    one = visit("#/zones")
    play = one.page.locator(one.at("play"))
    expect(play).to_have_attribute("aria-label", "Pause")
    play.click()
    expect(play).to_have_attribute("aria-label", "Play")
    play.click()
    expect(play).to_have_attribute("aria-label", "Pause")


def test_the_tour_opens_once_and_walks_through_the_panels(visit: Opens) -> None:
    one = visit("", toured=False)
    for panel in (None, "zones", "posts", "crossings", "record"):
        expect(one.page.locator(".tour h2")).to_be_visible()
        if panel:
            expect(one.page.locator(f"#tab-{panel}")).to_have_attribute("aria-selected", "true")
        one.page.locator(one.at("tour-next")).click()
    expect(one.page.locator(".tour")).to_have_count(0)
    one.page.reload()
    expect(one.page.locator(".cards, .record").first).to_be_visible()
    expect(one.page.locator(".tour")).to_have_count(0)


def test_a_lost_line_says_how_old_the_picture_is_and_comes_back(visit: Opens) -> None:
    one = visit("#/zones", allowed="ERR_INTERNET_DISCONNECTED|failed: ").drawn()
    expect(one.page.locator(one.at("link"))).to_contain_text("Live")
    one.context.set_offline(True)
    # An open stream survives Chromium's switch; a reload of the line does not.
    one.page.locator(one.at("role")).select_option("secretariat")
    expect(one.page.locator(one.at("link"))).to_contain_text("Line lost")
    one.context.set_offline(False)
    expect(one.page.locator(one.at("link"))).to_contain_text("Live")
    expect(one.page.locator(".cards")).to_be_visible()


def test_a_part_that_the_server_refuses_is_said_in_plain_words(visit: Opens) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(
            status=403,
            json={"reason": "not_visible", "detail": "the posts are for the parties", "remedy": ""},
        )

    one = visit(
        "#/posts",
        allowed="403",
        before=lambda context: context.route(re.compile(r"/api/posts(\?|$)"), refuse),
    )
    expect(one.page.locator("#panel-body")).to_contain_text("Not shown to this role")
    expect(one.page.locator("#panel-body")).to_contain_text("the posts are for the parties")


def test_no_word_takes_a_side(visit: Opens) -> None:
    one = visit("#/zones").drawn()
    for place in PLACES:
        one.page.goto(f"{one.page.url.split('#')[0]}{place}")
        expect(one.page.locator("#panel-body .lead, #panel-body .section").first).to_be_visible()
        shown = one.page.locator("body").inner_text()
        assert not re.search(r"\b(enem(y|ies)|hostile|target(s|ed)?)\b", shown, re.I), place


def test_scripts_of_the_first_page_are_under_700_kib(page_is_built: None) -> None:
    page = ROOT / "src/truceline/api/page"
    scripts: list[Path] = [one for one in page.rglob("*") if one.suffix in (".js", ".mjs")]
    total = sum(len(gzip.compress(one.read_bytes(), 9)) for one in scripts)
    assert scripts
    assert total < 700 * KIB, f"{total} bytes"
