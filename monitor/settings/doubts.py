"""What the config file may say and hardly means, found in its text: a variable that nobody will put in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath

from monitor.settings.document import Document, read_document
from monitor.settings.nodes import Scalar
from monitor.settings.problems import Problem
from monitor.settings.source import read_text

_VARIABLE = re.compile(r"\$[A-Z][A-Z0-9_]*(/.*)?")
"""As a shell writes it, the whole text or the beginning of a path. Capitals only: a password may begin with `$`."""


def doubts(path: FilePath) -> list[Problem]:
    """Sorted by place; none of them keeps the file from being used, and none shows the text that stands there.

    Raises ConfigErrors where the file cannot be read.
    """
    return sorted(_variables(read_document(str(path), read_text(path))))


def _variables(document: Document) -> Iterator[Problem]:
    for path, node in document.values.items():
        if isinstance(node, Scalar) and _VARIABLE.fullmatch(node.text):
            message = "is taken as it stands, with its dollar sign; an environment variable is written ${env:NAME}"
            yield document.problem(path, message)
