"""The command line, directly and through manage.py."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sandbox.faults import Fault
from campaigns.sandbox.options import Options, as_arguments, read_options
from tests.campaigns.sandbox_process import ROOT

words = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
shares = st.dictionaries(st.sampled_from(Fault), st.floats(0, 0.14), max_size=7)


@given(
    faults=shares,
    seed=st.integers(),
    port=st.integers(0, 65535),
    word=words,
    url=st.sampled_from(["", "http://127.0.0.1:8000/hooks", "https://[::1]:8443/hooks/"]),
    dedupe=st.booleans(),
)
def test_options_written_as_arguments_read_back_the_same(
    faults: dict[Fault, float], seed: int, port: int, word: str, url: str, dedupe: bool
) -> None:
    options = Options(
        smtp_port=port,
        http_port=0,
        smpp_port=0,
        apns_port=0,
        ledger=Path("/tmp/ledger.jsonl"),
        faults=faults,
        seed=seed,
        receipts_url=url,
        receipts_secret=word,
        api_secret=word,
        json_ports=word,
        dedupe=dedupe,
    )

    assert read_options(as_arguments(options)) == options


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("--receipts-url=hooks", "http(s) URL"),
        ("--receipts-url=http://[::1", "http(s) URL"),
        ("--http-port=65536", "port number"),
        ("--http-port=-1", "port number"),
        ("--faults=error", "number from 0 to 1"),
        ("--faults=error=nan", "between 0 and 1"),
        ("--faults=error=0.6,slow=0.6", "at most 1"),
        ("--faults=explode=1", "known are"),
        ("--seed=x", "invalid int"),
    ],
)
def test_an_option_that_cannot_be_read_is_told_by_name(
    option: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read_options([option])

    told = capsys.readouterr().err.splitlines()[-1]
    assert stopped.value.code == 2
    assert option.partition("=")[0] in told
    assert word in told


def test_the_command_becomes_a_sandbox_wherever_it_is_called(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "provider_sandbox"]
    arguments = ["--ledger", "here/ledger.jsonl", "--faults", "default"]

    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, cwd=tmp_path)
    assert process.stdout is not None
    ports = orjson.loads(process.stdout.readline())
    process.terminate()
    code = process.wait(10)
    process.stdout.close()

    assert ports["pid"] == process.pid
    assert ports["ledger"] == str(tmp_path / "here/ledger.jsonl")
    assert code == 0
