"""A real systemd as PID 1 of namespaces of its own, with training-monitor in it; this machine never changes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BOOT = ROOT / "tests" / "systemd" / "sdbox.sh"
PYTHON = Path(f"/usr/bin/python3.{sys.version_info.minor}")
UNIT = "training-monitor"
CONFIG = "/etc/training-monitor/training-monitor.yaml"
STATE = "/var/lib/private/training-monitor"
INSTALL = f"""
cd /opt/training-monitor
{PYTHON} -m venv --without-pip venv
printf '/opt/training-monitor/deps\\n/opt/training-monitor/source\\n' > venv/lib/{PYTHON.name}/site-packages/box.pth
printf '#!/opt/training-monitor/venv/bin/python\\nfrom monitor.cli.main import entry\\nentry()\\n' > venv/bin/{UNIT}
chmod 755 venv/bin/{UNIT}
install -D -m 644 source/systemd/{UNIT}.service /etc/systemd/system/{UNIT}.service
install -D -m 644 source/systemd/{UNIT}.sysusers /etc/sysusers.d/{UNIT}.conf
systemd-sysusers /etc/sysusers.d/{UNIT}.conf
useradd --groups {UNIT} ann; useradd bob
mkdir -p /etc/{UNIT} /etc/credstore /etc/systemd/system/{UNIT}.service.d
systemctl daemon-reload
"""


def why_not() -> str | None:
    """Why no box can be had here, in one line with the remedy; None where it can."""
    if os.geteuid() != 0:
        return "a systemd in namespaces of its own needs root; run the tests as root"
    for path, package in ((Path("/lib/systemd/systemd"), "systemd"), (PYTHON, f"{PYTHON.name} {PYTHON.name}-venv")):
        if not path.exists():
            return f"{path} is missing; apt install {package}"
    return None


class Box:
    """A booted system. `await box("systemctl", "start", …)` runs a command in it."""

    def __init__(self, init: int) -> None:
        self._enter = ["nsenter", "-t", str(init), "-a"]

    async def __call__(self, *command: str, stdin: str | bytes = "", code: int | None = 0) -> str:
        """What the command printed, errors included. Fails where it does not end with `code` (None: however)."""
        run = await asyncio.create_subprocess_exec(
            *self._enter, *command,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await asyncio.wait_for(run.communicate(stdin if isinstance(stdin, bytes) else stdin.encode()), 60)
        assert code is None or run.returncode == code, f"{' '.join(command)}: {run.returncode}: {out.decode()[-3000:]}"
        return out.decode()

    async def write(self, path: str, text: str) -> None:
        await self("tee", path, stdin=text)

    async def show(self, *names: str) -> dict[str, str]:
        """Properties of the unit."""
        lines = (await self("systemctl", "show", UNIT, "-p", ",".join(names))).splitlines()
        return dict(line.partition("=")[::2] for line in lines)

    async def journal(self) -> list[dict[str, Any]]:
        """What the unit's current and earlier processes have written, in order."""
        await self("journalctl", "--sync")
        lines = await self("journalctl", "-u", UNIT, "-o", "json", "--no-pager", "_TRANSPORT=stdout")
        return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]

    async def install(self, config: dict[str, Any], **service: str) -> None:
        """A fresh service: no state, an empty journal of its own, this config, these settings of the unit."""
        lines = "".join(f"{key}={value}\n" for key, value in ({"RestartSec": "100ms"} | service).items())
        await self("bash", "-ec", f"systemctl stop {UNIT}; systemctl reset-failed {UNIT} || true; rm -rf {STATE}")
        await self("bash", "-ec", "journalctl --rotate -q; journalctl --vacuum-time=1ms -q")
        await self.write(f"/etc/systemd/system/{UNIT}.service.d/test.conf", f"[Service]\n{lines}")
        await self.write(CONFIG, json.dumps(config))  # JSON is YAML
        await self("systemctl", "daemon-reload")


@contextmanager
def booted(folder: Path) -> Iterator[Box]:
    """A box, from boot to power-off. Raises RuntimeError where the system does not allow one."""
    command = [str(BOOT), str(folder), sysconfig.get_paths()["purelib"], str(ROOT)]
    boot = subprocess.Popen(command, start_new_session=True)
    try:
        init = _init(boot, folder)
        enter = ["nsenter", "-t", str(init), "-a"]
        subprocess.run([*enter, "bash", "-es"], input=INSTALL, text=True, check=True, capture_output=True, timeout=60)
        yield Box(init)
        subprocess.run([*enter, "systemctl", "poweroff", "--force", "--force"], check=False, capture_output=True)
        boot.wait(20)
    finally:
        boot.kill()
        boot.wait()
        _sweep(boot.pid)


def _init(boot: subprocess.Popen[bytes], folder: Path) -> int:
    """The process that is PID 1 inside, once its system runs."""
    end = time.monotonic() + 30
    while time.monotonic() < end and boot.poll() is None:
        found = Path(f"/proc/{boot.pid}/task/{boot.pid}/children").read_text().split()
        for child in found:
            state = subprocess.run(
                ["nsenter", "-t", child, "-a", "systemctl", "is-system-running"],
                capture_output=True, text=True, check=False,
            ).stdout  # fmt: skip
            if state.strip() in ("running", "degraded"):
                return int(child)
        time.sleep(0.05)
    console = folder / "console"
    raise RuntimeError(f"no systemd came up: {console.read_text()[-300:] if console.exists() else 'no console'}")


def _sweep(pid: int) -> None:
    """The cgroups that the box leaves."""
    for base in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        top = base / f"sdbox.{pid}"
        if top.is_dir():
            for path in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
                path.rmdir()
            top.rmdir()
