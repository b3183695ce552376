"""A headless Chromium that tells what a page did: errors, breaches of its policy, requests to other hosts."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
WATCH = """
window.breaches = [];
document.addEventListener("securitypolicyviolation",
  (event) => breaches.push(event.violatedDirective + " " + event.blockedURI));
window.longest = 0;
new PerformanceObserver((list) => { for (const one of list.getEntries()) longest = Math.max(longest, one.duration); })
  .observe({ type: "longtask", buffered: true });
"""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips where there is none."""
    if shutil.which(CHROMIUM) is None:
        pytest.skip("no Chromium here: apt install chromium")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            await browser.close()


class Tab:
    """A page and what it did."""

    def __init__(self, page: Page, home: str) -> None:
        self.page = page
        self.home = home
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._requested)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.errors.append(said.text)

    def _requested(self, request: Any) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.netloc != urlsplit(self.home).netloc:
            self.foreign.append(request.url)

    async def open(self) -> Page:
        """Loads the page and waits until every section has shown what it read."""
        await self.page.goto(self.home)
        await self.settled()
        return self.page

    async def anew(self) -> None:
        """`open` for who has not been here: nothing is kept of what was done, chosen or told before."""
        await self.page.set_viewport_size({"width": 1280, "height": 900})
        await self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        await self.page.mouse.move(0, 0)
        if self.page.url != "about:blank":
            await self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        await self.page.context.clear_cookies()
        self.errors.clear()
        self.foreign.clear()
        await self.open()

    async def until(self, expression: str, *, within: float = 15.0) -> None:
        """Waits until it is true there. (Playwright's own way makes code of text, which the page's policy forbids.)"""
        end = time.monotonic() + within
        while not await self.page.evaluate(expression):
            assert time.monotonic() < end, f"never came: {expression}"
            await asyncio.sleep(0.02)

    async def settled(self) -> None:
        await self.page.wait_for_selector("#messages", state="attached")
        await self.until(
            "document.querySelectorAll('section[aria-busy]').length === 0"
            " && [...document.querySelectorAll('section:not([hidden]) .body')].every((body) => body.childElementCount)"
        )

    async def breaches(self) -> list[str]:
        return list(await self.page.evaluate("breaches"))

    async def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    async def axe(self, inside: str = "html") -> list[str]:
        """What axe calls serious or critical; needs a context that bypasses the policy."""
        spec = find_spec("axe_playwright_python")
        assert spec is not None
        assert spec.origin is not None
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text())
        found = await self.page.evaluate("(inside) => axe.run(inside, {resultTypes: ['violations']})", inside)
        return [
            f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"][:3]
        ]


@asynccontextmanager
async def tab(browser: Browser, home: str, **options: Any) -> AsyncIterator[Tab]:
    """A tab of its own context: 1280 x 900, English, light, in Shanghai's time, unless `options` say otherwise."""
    usual: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "color_scheme": "light"}
    context = await browser.new_context(**{**usual, "timezone_id": "Asia/Shanghai", **options})
    context.set_default_timeout(15_000)
    try:
        await context.add_init_script(WATCH)
        yield Tab(await context.new_page(), home)
    finally:
        await context.close()
