"""The command line, directly and through manage.py."""

import subprocess
import sys
from pathlib import Path

import orjson
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
    dedupe=st.booleans(),
)
def test_options_written_as_arguments_read_back_the_same(
    faults: dict[Fault, float], seed: int, port: int, word: str, dedupe: bool
) -> None:
    options = Options(
        smtp_port=port,
        http_port=0,
        smpp_port=0,
        apns_port=0,
        ledger=Path("/tmp/ledger.jsonl"),
        faults=faults,
        seed=seed,
        receipts_url=word,
        receipts_secret=word,
        api_secret=word,
        json_ports=word,
        dedupe=dedupe,
    )

    assert read_options(as_arguments(options)) == options


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
