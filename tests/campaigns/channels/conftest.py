"""One sandbox process for all channel tests of a worker."""

from collections.abc import Iterator

import pytest

from tests.campaigns.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.stop()
