"""`doctor` on the config file and the secrets that it names: is it right, and who else may read them?"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.finding import Finding, failed, ok, warning

if TYPE_CHECKING:
    from monitor.settings import ConfigErrors, Settings

SHOWN = 5
"""Mistakes that are told one by one."""
_FILE = re.compile(r"\$\{file:(/[^{}]*)\}")


def read(path: Path, environ: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """The settings without their secrets, where the file is right; and what is to say of it."""
    from monitor.settings import ConfigErrors, load

    credentials = environ.get("CREDENTIALS_DIRECTORY")
    folder = Path(credentials) if credentials else None
    try:
        settings = load(path, resolve=False, environ=environ, credentials_dir=folder)
    except ConfigErrors as error:
        return None, list(_mistakes(path, error))
    try:
        load(path, resolve=True, environ=environ, credentials_dir=folder)
    except ConfigErrors as error:
        return settings, [ok("config", f"{path} can be read"), *_not_here(path, error)]
    return settings, [ok("config", f"{path} is in order, and every secret is there")]


def _mistakes(path: Path, error: ConfigErrors) -> Iterator[Finding]:
    for problem in error.problems[:SHOWN]:
        yield failed("config", str(problem), f"edit {path}, then: training-monitor check --config {path}")
    if len(error.problems) > SHOWN:
        more = f"{len(error.problems) - SHOWN} more mistakes"
        yield failed("config", more, f"training-monitor check --config {path}")


def _not_here(path: Path, error: ConfigErrors) -> Iterator[Finding]:
    """A secret that only the daemon can see is no mistake; a rule that does not compile is."""
    for problem in error.problems[:SHOWN]:
        if any(word in problem.message for word in ("environment variable", "credential", "cannot be read")):
            mend = "nothing, where the daemon has it; else set it, then: training-monitor check"
            yield warning("secrets", f"{problem.path}: {problem.message}", mend)
        else:
            yield failed("config", str(problem), f"edit {path}, then: training-monitor check --config {path}")


def permissions(path: Path, settings: Settings | None) -> Iterator[Finding]:
    """Of the config file and of the files with secrets. A file that may not be looked at is told as that."""
    from monitor.settings import ConfigErrors
    from monitor.settings.document import read_document
    from monitor.settings.nodes import Scalar
    from monitor.settings.source import read_text

    try:
        mode = path.stat().st_mode
        document = read_document(str(path), read_text(path))
    except (OSError, ConfigErrors):
        return
    if mode & stat.S_IWOTH:
        yield failed("permissions", f"everybody may change {path}", f"chmod o-w {path}")
    if mode & stat.S_IROTH and settings is not None and _holds_secrets(settings):
        text = f"{path} holds secrets as they are, and everybody on this machine may read it"
        yield warning("permissions", text, f"chmod 640 {path}; better put them in as ${{env:NAME}} or ${{file:PATH}}")
    texts = [node.text for node in document.values.values() if isinstance(node, Scalar)]
    for name in sorted({name for text in texts for name in _FILE.findall(text)}):
        yield from _secret_file(Path(name))


def _holds_secrets(settings: Settings) -> bool:
    """Whether one stands there as it is, made of no reference."""
    from monitor.settings.show import shown

    return any(value.value == "***" for value in shown(settings))


def _secret_file(path: Path) -> Iterator[Finding]:
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return
    except OSError:
        mend = f"put the secret there; chmod 600 {path}"
        yield failed("permissions", f"there is no {path}, which the config names", mend)
        return
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        yield warning("permissions", f"others may read or change the secret in {path}", f"chmod 600 {path}")
