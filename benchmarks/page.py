"""What the status page weighs, and how long it takes until people can use it, in headless Chromium on loopback.

    .venv/bin/python -m benchmarks.page [--times 10]

Cold: a browser that has never seen the page. Warm: the same browser once more. Usable: the last section has its rows,
and no script has run for longer than 50 ms since (as "time to interactive" is defined). Bytes as they came over the
wire. The store holds a month of three accounts: 70 jobs, stock of four flavors in three zones, usage, messages,
three budgets, three clean-up policies and six deletions.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.kit.browser import chromium
from tests.kit.page import COSTS, page_served
from tests.kit.world import World

USABLE = """() => document.querySelector('main') !== null
    && ![...document.querySelectorAll('[aria-busy="true"]')].length
    && document.querySelectorAll('main section').length >= 5"""
FIGURES = """() => {
    const all = [performance.getEntriesByType('navigation')[0], ...performance.getEntriesByType('resource')]
        .filter(each => !each.name.includes('/stream'));
    const long = (window.longTasks || []).map(each => each.startTime + each.duration);
    return {
        bytes: all.reduce((sum, each) => sum + each.transferSize, 0),
        unpacked: all.reduce((sum, each) => sum + each.decodedBodySize, 0),
        own: all.filter(each => !each.name.includes('/api/')).reduce((sum, each) => sum + each.decodedBodySize, 0),
        requests: all.length,
        ready: Math.max(performance.now(), 0),
        long: Math.max(0, ...long),
    };
}"""
WATCH = """window.longTasks = [];
const seen = new PerformanceObserver(list => window.longTasks.push(...list.getEntries()));
seen.observe({type: 'longtask', buffered: true});
"""


async def visit(context: Any, url: str) -> dict[str, float]:
    page = await context.new_page()
    await page.add_init_script(WATCH)
    await page.goto(url, wait_until="domcontentloaded")
    await page.wait_for_function(USABLE, polling=10)
    figures: dict[str, float] = await page.evaluate(FIGURES)
    await page.close()
    return figures


async def measure(times: int) -> None:
    cold: list[dict[str, float]] = []
    warm: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with page_served(Path(folder), more=COSTS) as served, chromium() as browser:
            await World(served).all()
            for _ in range(times):
                context = await browser.new_context()
                url = f"http://127.0.0.1:{served.port}/"
                cold.append(await visit(context, url))
                warm.append(await visit(context, url))
                await context.close()
    for name, rounds in (("cold", cold), ("warm", warm)):
        middle = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        worst = max(each["ready"] for each in rounds)
        print(
            f"{name}: {middle['bytes'] / 1000:.0f} kB over the wire ({middle['unpacked'] / 1000:.0f} kB unpacked, "
            f"{middle['own'] / 1000:.0f} kB of it page and scripts) in {middle['requests']:.0f} requests; usable after "
            f"{middle['ready']:.0f} ms (worst {worst:.0f}), last long script ended at {middle['long']:.0f} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10)
    asyncio.run(measure(parser.parse_args().times))


if __name__ == "__main__":
    main()
