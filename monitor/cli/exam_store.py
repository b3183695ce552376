"""`doctor` on the store: is it there, whole, of this program's version; who holds it; is there room to grow?"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.finding import Finding, failed, ok, warning

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.store.glance import Glance

LITTLE, NOTHING = 1 << 30, 100 << 20
"""Bytes free below which it is worth a word, and below which it is in danger."""


def store(settings: Settings) -> Iterator[Finding]:
    """Of a SQLite file; a server is asked whether it answers."""
    from monitor.store import StoreError, StoreMissing
    from monitor.store.glance import glance
    from monitor.store.state_dir import REMEDY, obstacle

    try:
        seen = glance(settings.store, settings.state_dir)
    except StoreMissing as error:
        if (why := obstacle(settings.state_dir)) is not None:
            yield failed("store", why, REMEDY)
            return
        yield warning("store", str(error), "training-monitor run")
        return
    except StoreError as error:
        yield failed("store", str(error), error.hint or "training-monitor db check")
        return
    except PermissionError as error:
        yield warning("store", f"{error.filename} is not for this user", "sudo training-monitor doctor")
        return
    if seen is None:
        yield from _server(settings)
        return
    yield from _file(seen)


def room(settings: Settings) -> Iterator[Finding]:
    """On the disk of the state directory, and who may look into it."""
    folder = settings.state_dir
    if not os.path.exists(folder):  # also where it may not be looked for, which was told
        return
    free = shutil.disk_usage(folder).free
    text = f"{_size(free)} free in {folder}"
    if free < LITTLE:
        mend = _make_room(folder)
        yield failed("disk", text, mend) if free < NOTHING else warning("disk", text, mend)
    else:
        yield ok("disk", text)
    if not os.access(folder, os.R_OK | os.X_OK):
        yield warning("permissions", f"{folder} is not for this user", "sudo training-monitor doctor")
    elif folder.stat().st_mode & stat.S_IRWXO:
        mode = f"chmod 750 {folder}"
        yield warning("permissions", f"everybody may look into {folder}, where names of jobs are kept", mode)


def _make_room(folder: Path) -> str:
    """What fills a disk is seldom beside the store."""
    mount = next(place for place in (folder.resolve(), *folder.resolve().parents) if os.path.ismount(place))
    return f"make room there; what fills the disk: df -h {folder}; sudo du -xh -d 1 {mount} | sort -h"


def _size(count: int) -> str:
    """Of a nearly full disk each megabyte counts, and of a full one each kilobyte."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.1f} GB"
    return f"{count / (1 << 20):.1f} MB" if count >= 1 << 20 else f"{count // 1024} kB"


def _file(seen: Glance) -> Iterator[Finding]:
    from monitor.store import NewerDatabase
    from monitor.store.migrate import require_known

    size = f"{seen.size / (1 << 20):.1f} MB"
    try:
        require_known(seen.revision, str(seen.path))
    except NewerDatabase as error:
        yield failed("store", str(error), error.hint)
        return
    if seen.revision != seen.head:
        text = f"{seen.path} is of revision {seen.revision or 'none'}, this program needs {seen.head}"
        yield warning("store", text, "training-monitor db upgrade")
    elif seen.whole is False:
        mend = "stop the daemon, then: training-monitor db restore FILE; what is wrong: training-monitor db check"
        yield failed("store", f"{seen.path} is damaged", mend)
    elif seen.whole is None:
        yield warning("store", f"{seen.path} ({size}) could not be read through in time", "training-monitor db check")
    else:
        yield ok("store", f"the file {seen.path} is whole: {size}, revision {seen.revision}")
    if seen.holder is not None:
        yield ok("lock", f"the process {seen.holder} holds the store")
    for count in seen.refused:
        text = f"a platform refused a key {count} times in a row; after three it is not tried any more"
        yield warning("keys", text, "correct the key; one made good unchanged: check --online --retry-key ACCOUNT")


def _server(settings: Settings) -> Iterator[Finding]:
    import asyncio

    from monitor.store import StoreError, open_store

    async def look() -> None:
        opened = await open_store(settings.store, state_dir=Path(settings.state_dir), lock=False)
        await opened.aclose()

    try:
        asyncio.run(look())
    except StoreError as error:
        yield failed("store", str(error), error.hint)
    else:
        yield ok("store", "the PostgreSQL server answers, and its tables are of this version")
