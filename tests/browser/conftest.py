"""A real demonstration, a real browser: what the control room's tests share.

Every page is watched: a request to another host, a console error (which a breach of the
content security policy is), a failed request or an uncaught exception fails the test.
"""

from __future__ import annotations

import importlib.util
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect
from playwright.sync_api import sync_playwright as playwright

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs/images"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
START_S = 120.0
expect.set_options(timeout=30_000)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-screenshots` writes docs/images/ again."""
    parser.addoption("--update-screenshots", action="store_true", help="write docs/images/ again")


@pytest.fixture(scope="session")
def page_is_built() -> None:
    """Build the control room unless it is there for these sources."""
    spec = importlib.util.spec_from_file_location("build_page", ROOT / "tools/build_page.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build()


@pytest.fixture(scope="session")
def address(page_is_built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demonstration that plays for these tests alone.

    While working on the page, TRUCELINE_DEMO names one that runs already.
    """
    if "TRUCELINE_DEMO" in os.environ:
        yield os.environ["TRUCELINE_DEMO"]
        return
    folder = tmp_path_factory.mktemp("demonstration")
    program = Path(sys.executable).with_name("truceline")
    running = subprocess.Popen(
        [program, "demo", "--data", folder / "data", "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _address(running)
    finally:
        running.terminate()
        running.wait(30)


def _address(running: subprocess.Popen[str]) -> str:
    said, deadline = "", time.monotonic() + START_S
    assert running.stdout
    while time.monotonic() < deadline and running.poll() is None:
        if select.select([running.stdout], [], [], 1.0)[0]:
            said += running.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            if found:
                return found[0]
    raise AssertionError(f"the demonstration gave no address:\n{said}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium with a WebGL made in software."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Watched:
    """What must not happen on a page, as it happened."""

    host: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    allowed: re.Pattern[str] | None = None

    def watch(self, page: Page) -> None:
        """Listen to everything that the page does."""
        page.on("request", self._requested)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._wrong(f"uncaught: {error}"))
        page.on("requestfailed", self._failed)

    def check(self) -> None:
        """Fail on whatever was not to happen."""
        assert not self.outside, "the page asked another host"
        assert not self.errors, "the page complained"

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.outside.append(request.url)

    def _failed(self, request: Request) -> None:
        # A page that is left lets go of its stream; that is no failure.
        if "ERR_ABORTED" not in (request.failure or ""):
            self._wrong(f"failed: {request.url} {request.failure}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._wrong(f"console: {message.text}")

    def _wrong(self, what: str) -> None:
        if not self.allowed or not self.allowed.search(what):
            self.errors.append(what)


@dataclass
class Visit:
    """A page, its context, and what is watched on it."""

    page: Page
    context: BrowserContext
    watched: Watched

    def at(self, name: str) -> str:
        """The selector of a part that is marked for tests."""
        return f"[data-test={name}]"

    def drawn(self) -> Visit:
        """Wait until the map has been drawn."""
        self.page.locator("[data-drawn=true]").wait_for(timeout=60_000)
        return self


Opens = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Opens]:
    """Open a page: visit("#/zones", language="ar", width=390); checked when the test is over."""
    opened: list[Visit] = []

    def opens(
        place: str = "#/zones",
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1440,
        role: str = "watch",
        toured: bool = True,
        bypass_csp: bool = False,
        allowed: str = "",
        before: Callable[[BrowserContext], None] = lambda _: None,
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 500 else 900},
            locale="ar" if language == "ar" else "en-GB",
            color_scheme="dark" if theme == "dark" else "light",
            timezone_id="UTC",
            reduced_motion="reduce",
            has_touch=width < 500,
            bypass_csp=bypass_csp,
        )
        if toured:
            context.add_init_script("localStorage.setItem('truceline.toured', 'yes')")
        context.add_init_script(
            f"sessionStorage.getItem('truceline.role') ?? sessionStorage.setItem('truceline.role', '{role}')"
        )
        before(context)
        page = context.new_page()
        watched = Watched(
            urlsplit(address).netloc, allowed=re.compile(allowed) if allowed else None
        )
        watched.watch(page)
        page.goto(f"{address}/{place}")
        made = Visit(page, context, watched)
        opened.append(made)
        return made

    yield opens
    for one in opened:
        # An answer that a test alters may still be on its way when the test is over.
        one.context.unroute_all(behavior="wait")
        one.context.close()
    for one in opened:
        one.watched.check()


@pytest.fixture
def keeps(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Page, str], None]:
    """Take a picture; with --update-screenshots it is kept for the documents."""
    update = request.config.getoption("--update-screenshots", default=False)
    folder = IMAGES if update else tmp_path

    def keep(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", animations="disabled")
        assert (folder / f"{name}.png").stat().st_size > 20_000

    return keep
