"""How a command ends that lasts until Ctrl-C: that is its usual end and no mistake, whenever it comes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def until_ctrl_c() -> Iterator[None]:
    """Ctrl-C ends the block without an error. One more is not heard: the process is about to end, and would die in the
    middle of tidying up."""
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
