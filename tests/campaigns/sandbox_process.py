"""A real sandbox process for a test, and the questions tests ask it."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]


class SandboxProcess:
    """Started on free ports; `ports` is what it told about itself."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.ledger_path = folder / "ledger.jsonl"
        self._command: Sequence[str] = [
            sys.executable,
            "-m",
            "campaigns.sandbox",
            "--ledger",
            str(self.ledger_path),
            *arguments,
        ]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.ports: dict[str, Any] = orjson.loads(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.ports["http_url"] + path, timeout=15) as answer:
            return orjson.loads(answer.read())

    def post(
        self, path: str, value: Mapping[str, object], *, method: str = "POST"
    ) -> dict[str, Any]:
        request = urllib.request.Request(
            self.ports["http_url"] + path, data=orjson.dumps(value), method=method
        )
        with urllib.request.urlopen(request, timeout=15) as answer:
            return orjson.loads(answer.read())

    def messages(self, channel: str) -> list[dict[str, Any]]:
        return self.get(f"/inbox?channel={channel}&limit=1000")["messages"]

    def received(self, channel: str, key: str) -> list[dict[str, Any]]:
        """Every copy of the message with this key that its addressee has got."""
        return [message for message in self.messages(channel) if message["key"] == key]
