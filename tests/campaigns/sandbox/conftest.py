"""Sandbox processes with the options a test asks for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.campaigns.sandbox_process import SandboxProcess

StartSandbox = Callable[..., SandboxProcess]


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[StartSandbox]:
    """Return a function that starts a sandbox; all are stopped after the test."""
    started: list[SandboxProcess] = []

    def start(*arguments: str) -> SandboxProcess:
        folder = tmp_path / str(len(started))
        started.append(SandboxProcess(folder, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.stop()
