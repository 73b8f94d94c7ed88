"""A real S3 server: SeaweedFS, on loopback, in a folder of the test's."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from support.programs import free_ports, program

PATIENCE = 60.0
BUCKET = "shadow"


class Weed:
    """One server with one bucket."""

    def __init__(self, folder: Path) -> None:
        self._program = program("weed")
        self._folder = folder
        self._ports = free_ports(8)
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = f"http://127.0.0.1:{self._ports[3]}"

    @property
    def environment(self) -> dict[str, str]:
        """What tells a client of the server; it takes any credentials."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "any",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
            "AWS_REGION": "us-east-1",
        }

    def start(self) -> None:
        """Start it, and wait until the bucket can be listed."""
        names = ("master.port", "volume.port", "filer.port", "s3.port")
        ports = dict(zip((*names, *(f"{name}.grpc" for name in names)), self._ports, strict=True))
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._program, "server", f"-dir={self._folder}", "-s3"),
                    *(
                        "-ip=127.0.0.1",
                        "-ip.bind=127.0.0.1",
                        "-volume.max=20",
                        "-master.volumeSizeLimitMB=64",
                    ),
                    # Two listeners more, whose ports cannot be chosen.
                    *("-s3.port.iceberg=0", "-s3.port.lance=0"),
                    *(f"-{name}={port}" for name, port in ports.items()),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "the store does not start"
            time.sleep(0.1)

    def _answers(self) -> bool:
        """Whether the bucket is there, and objects can be put."""
        with suppress(OSError, urllib.error.URLError):
            for method, path in (("PUT", ""), ("PUT", "/ready"), ("DELETE", "/ready")):
                asked = urllib.request.Request(f"{self.endpoint}/{BUCKET}{path}", b"", method=method)
                with suppress(urllib.error.HTTPError):  # the bucket may be there already
                    urllib.request.urlopen(asked, timeout=5).close()
            return urllib.request.urlopen(f"{self.endpoint}/{BUCKET}?list-type=2", timeout=5).status == 200
        return False

    def stop(self) -> None:
        """End it at once: asked to leave, it would take 20 seconds."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
