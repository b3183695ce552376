"""A headless Chromium that tells what a page did: errors, breaches of its policy, requests to other hosts."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

CHROMIUM = "/usr/bin/chromium"
LEFT_OUT = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    "AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch"
)
"""Two pages that Chromium loads behind each window's address bar, which take as long as ours; the rest is Playwright's
own list, for the last such switch is the one that counts."""
LOOKS: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
ARGS = ["--no-sandbox", "--disable-gpu", f"--disable-features={LEFT_OUT}"]
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
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
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
        self.asked: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._requested)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.errors.append(said.text)

    def _requested(self, request: Any) -> None:
        self.asked.append(request.url)
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and url.netloc != urlsplit(self.home).netloc:
            self.foreign.append(request.url)

    async def open(self) -> Page:
        """Loads the page and waits until every section has shown what it read."""
        await self.page.goto(self.home)
        await self.settled()
        return self.page

    @asynccontextmanager
    async def visiting(self, home: str, *, width: int = 1280) -> AsyncIterator[Tab]:
        """This tab for who has not been there: nothing is kept of what was done, chosen or told before. No page stays
        open behind it, for one that lives costs even when nobody looks."""
        page, self.home = self.page, home
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme="light", reduced_motion="no-preference")
        await page.mouse.move(0, 0)
        await page.context.clear_cookies()
        for told in (self.errors, self.asked, self.foreign):
            told.clear()
        try:
            yield self
        finally:
            if urlsplit(page.url).netloc == urlsplit(home).netloc:
                await page.evaluate("localStorage.clear(); sessionStorage.clear()")
            await page.unroute_all()
            await page.goto("about:blank")

    async def until(self, expression: str, *, within: float = 15.0) -> None:
        """Waits until it is true there. (Playwright's own way makes code of text, which the page's policy forbids.)"""
        wait = f"""new Promise((met) => {{
          const end = performance.now() + {within * 1000};
          const look = () => {{
            const over = performance.now() > end;
            if (({expression}) || over) met(!over); else setTimeout(look, 20);
          }};
          look();
        }})"""
        assert await self.page.evaluate(wait), f"never came: {expression}"

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

    async def axe(self, *inside: str) -> list[str]:
        """What axe calls serious or critical, in these parts of the page or in all of it."""
        spec = find_spec("axe_playwright_python")
        assert spec is not None
        assert spec.origin is not None
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate((Path(spec.origin).parent / "axe.min.js").read_text())
        where = {"include": list(inside or ["html"])}
        found = await self.page.evaluate("(where) => axe.run(where, {resultTypes: ['violations']})", where)
        return [
            f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"][:3]
        ]


class Visit(Protocol):
    """`Tab.visiting` of a tab that others visit with too, one after the other."""

    def __call__(self, home: str, *, width: int = 1280) -> AbstractAsyncContextManager[Tab]: ...


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
