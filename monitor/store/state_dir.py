"""The state directory: made before the first start, or told why it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.store.errors import StoreUnavailable

REMEDY = "Name another one in `state_dir:`, or give the user that runs the program write access there."


def make_state_dir(folder: Path) -> None:
    """Nobody but its user and group may look into it. Raises StoreUnavailable."""
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        reason = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror
        raise StoreUnavailable(f"The state directory {folder} cannot be made: {reason}.", REMEDY) from error


def obstacle(folder: Path) -> str | None:
    """Why this user could not make the directory, as far as that can be seen without trying."""
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not os.path.isdir(nearest):
        return f"the state directory {folder} cannot be made: {nearest} is no directory"
    if nearest != folder and not os.access(nearest, os.W_OK | os.X_OK, effective_ids=True):
        return f"the state directory {folder} cannot be made: {nearest} may not be written"
    return None
