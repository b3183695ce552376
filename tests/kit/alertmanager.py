"""A real Alertmanager (components: `apt-get install prometheus-alertmanager`) and the receiver that it notifies."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlencode

PROGRAM = which("prometheus-alertmanager") or which("alertmanager")
MISSING = "Alertmanager is not installed: apt-get install prometheus-alertmanager"
_CONFIG = """
route: {receiver: team, group_by: [alertname, account], group_wait: 100ms, group_interval: 300ms, repeat_interval: 1h}
receivers: [{name: team, webhook_configs: [{url: "http://127.0.0.1:%d/", send_resolved: true}]}]
"""


class Alertmanager:
    """`told` are the notifications that it sent, in order."""

    def __init__(self, folder: Path, told: list[dict[str, Any]], receiver: int) -> None:
        self.told = told
        self._folder = folder
        (folder / "am.yml").write_text(_CONFIG % receiver)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"

    def start(self) -> None:
        listen = self.url.removeprefix("http://")
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "--config.file=am.yml", "--storage.path=data", f"--web.listen-address={listen}",
             "--cluster.listen-address=", "--log.level=error"],
            cwd=self._folder,
        )  # fmt: skip
        end = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready"):
                    return
            except OSError:
                assert time.monotonic() < end, "Alertmanager did not start"
                time.sleep(0.02)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def alerts(self, **query: str) -> list[dict[str, Any]]:
        """All that stand, sorted by their labels; silenced ones too."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts?{urlencode(query)}") as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return sorted(found, key=lambda each: sorted(each["labels"].items()))

    def silence(self, **labels: str) -> None:
        matchers = [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()]
        silence = {"matchers": matchers, "createdBy": "ann", "comment": "known",
                   "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2036-01-01T00:00:00Z"}  # fmt: skip
        request = urllib.request.Request(
            f"{self.url}/api/v2/silences", json.dumps(silence).encode(), {"content-type": "application/json"}
        )
        urllib.request.urlopen(request).close()

    def statuses(self, alertname: str) -> list[tuple[str, list[str]]]:
        """What it told of a rule: each notification's status, and the subjects of the alerts in it."""
        return [
            (each["status"], sorted(alert["labels"].get("subject", "") for alert in each["alerts"]))
            for each in self.told
            if each["groupLabels"]["alertname"] == alertname
        ]


@contextmanager
def running(folder: Path) -> Iterator[Alertmanager]:
    told: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Alertmanager(folder, told, server.server_address[1])
    made.start()
    try:
        yield made
    finally:
        made.stop()
        server.shutdown()
        server.server_close()
