"""The installer from a wheel: a fresh machine, an upgrade under a running service, and the way back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.box import CONFIG, ROOT, STATE, UNIT, Box

DIST = "/srv/dist"
CLEAN = f"""
mkdir -p /srv/deps {DIST}
mount --bind /opt/{UNIT}/deps /srv/deps
umount /opt/{UNIT}/deps /opt/{UNIT}/source
rm -rf /opt/{UNIT} /etc/{UNIT} /etc/systemd/system/{UNIT}.service* /etc/sysusers.d/{UNIT}.conf
groupdel {UNIT}
mkdir -p /etc/systemd/system/{UNIT}.service.d
printf '[Service]\\nEnvironment=PYTHONPATH=/srv/deps\\n' > /etc/systemd/system/{UNIT}.service.d/test.conf
"""
SETTINGS = """\
http: {listen: "off"}
accounts:
  - {name: a, provider: model-studio, api_key: k, endpoint: "http://127.0.0.1:9/api/v1", jobs: {}}
sinks: [{name: journal, type: log}]
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make dist` makes, with a lock of nothing: the libraries are there already."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    for path in (ROOT / "systemd").iterdir():
        shutil.copy(path, folder)
    (folder / "runtime.lock").write_text("")
    return folder


@pytest.mark.slow
async def test_it_installs_upgrades_and_removes(box: Box, dist: Path) -> None:
    await box("bash", "-es", stdin=CLEAN)
    alone = "/srv/alone/install.sh"
    await box("install", "-D", "/dev/stdin", alone, stdin=(ROOT / "systemd" / "install.sh").read_bytes())
    assert "one wheel beside" in await box(alone, code=1)
    for path in dist.iterdir():
        await box("install", "-m", "755", "/dev/stdin", f"{DIST}/{path.name}", stdin=path.read_bytes())
    assert "needs root" in await box("runuser", "-u", "bob", "--", f"{DIST}/install.sh", code=1)
    assert "unknown argument" in await box(f"{DIST}/install.sh", "--help", code=1)

    install = f"umask 077; PYTHONPATH=/srv/deps {DIST}/install.sh"
    said = await box("bash", "-c", install)
    assert f"Installed: {UNIT} " in said
    await box("bash", "-c", f"umask 027; cat > {CONFIG}", stdin=SETTINGS)  # as `init` writes it
    await box("systemctl", "start", UNIT)
    first = (await box.show("MainPID"))["MainPID"]

    said = await box("bash", "-c", install)
    assert said.startswith("Upgraded and restarted")
    shown = await box.show("MainPID", "ActiveState")
    assert shown["ActiveState"] == "active"
    assert shown["MainPID"] != first

    said = await box(f"{DIST}/install.sh", "--remove")
    assert "/etc/training-monitor" in said
    await box("test", "-e", f"{STATE}/monitor.db")
    await box("test", "-e", CONFIG)
    for gone in (f"/opt/{UNIT}", f"/etc/systemd/system/{UNIT}.service", f"/usr/local/bin/{UNIT}"):
        await box("test", "!", "-e", gone)
    assert (await box.show("LoadState", "ActiveState"))["ActiveState"] == "inactive"
