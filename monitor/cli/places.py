"""Which config file a command means; without loading anything, for completion needs it too."""

from __future__ import annotations

from pathlib import Path

from monitor.cli.failure import USAGE, Failure

CONFIG_NAMES = (Path("training-monitor.yaml"), Path("/etc/training-monitor/training-monitor.yaml"))


def config_file(config: Path | None) -> Path:
    """The file that `--config` names, else the first of the usual ones that is there. Raises Failure."""
    if config is not None:
        if not config.exists():
            raise Failure(f"There is no config file {config}.", "Give the right one with --config FILE.", code=USAGE)
        return config
    for path in CONFIG_NAMES:
        if path.exists():
            return path
    looked = " or ".join(str(path) for path in CONFIG_NAMES)
    hint = "Write one: training-monitor init; name one: --config FILE; see it work without one: training-monitor demo"
    raise Failure(f"There is no config file {looked}.", hint, code=USAGE)
