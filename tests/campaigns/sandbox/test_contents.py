"""What the ledger tells of contents, and faults that end while the sandbox runs."""

import orjson

from campaigns.channels.base import Unknown
from tests.campaigns.sandbox.conftest import StartSandbox
from tests.campaigns.sandbox.test_sandbox import send, sms


async def test_every_attempt_leaves_the_hash_of_its_content(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox("--faults", "error=1")
    batch = sms(1)
    assert isinstance((await send(sandbox, batch))[0], Unknown)
    sandbox.post("/faults", {"faults": "none"})

    await send(sandbox, batch)
    await send(
        sandbox, [type(batch[0])(key="other", address="+8613000000000", content={"text": "x"})]
    )

    lines = [orjson.loads(line) for line in sandbox.ledger_path.read_bytes().splitlines()]
    faulty, accepted, other = [line for line in lines if line["type"] in {"fault", "accept"}]
    assert faulty["contents_sha256"] == [accepted["content_sha256"]]
    assert other["content_sha256"] != accepted["content_sha256"]
