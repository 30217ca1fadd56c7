"""Web Push against a sandbox that decrypts, and against the RFC's own example."""

import base64
from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    AccountConfig,
    Channel,
    Outcome,
    Provider,
    Refused,
    Unavailable,
    Unknown,
)
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.push.encryption import Recipient, decoded, encrypt
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.channels.scripted import answers, scripted, send_to
from tests.campaigns.sandbox_process import SandboxProcess

VAPID_KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).rstrip(b"=").decode()


class TestWebPushContract(ProviderContract):
    channel = Channel.PUSH

    @pytest.fixture(autouse=True)
    def subscribe(self, sandbox: SandboxProcess) -> None:
        self.subscription = sandbox.get("/webpush/subscription.json?name=browser")

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        return AccountConfig(
            key="webpush-main",
            vendor="webpush",
            base_url=ports["http_url"],
            secrets={"vapid_private_key": VAPID_KEY, "lookup_secret": API_SECRET},
            options={
                "subject": "mailto:push@example.com",
                "relay": "true",
                "lookup_url": ports["push_lookup_url"],
            },
        )

    def content(self) -> dict[str, str]:
        return {"title": "对账单", "body": "It is ready", "url": "https://example.com/r/abc"}

    def address(self, fault: str = "") -> str:
        endpoint = self.subscription["endpoint"]
        if fault:
            endpoint = endpoint.replace("/browser", f"/fault-{fault}-4")
        return orjson.dumps({**self.subscription, "endpoint": endpoint}).decode()

    async def test_the_browser_reads_what_was_written(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        message = self.message()

        await provider.send([message])

        [copy] = sandbox.received(self.channel, message.key)
        assert {name: copy[name] for name in self.content()} == self.content()

    async def test_a_message_too_long_for_a_push_service_is_refused(
        self, provider: Provider
    ) -> None:
        long = replace(self.message(), content={"title": "t", "body": "x" * 4000})

        [outcome] = await provider.send([long])

        assert isinstance(outcome, Refused)

    async def test_a_subject_the_service_does_not_take_is_the_accounts_fault(
        self, account: AccountConfig
    ) -> None:
        async with scripted(answers(403, {})) as url:
            outcome = await send_to(replace(account, base_url=url), self.address(), self.content())

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS

    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://fcm.googleapis.com/x",
            "https://169.254.169.254/latest",
            "https://fcm.googleapis.com.evil.example/x",
            "https://fcm.googleapis.com:8443/x",
            "https://fcm.googleapis.com@evil.example/x",
            "https://fcm.googleapis.com:x/",
            "file:///etc/passwd",
            "",
        ],
    )
    async def test_an_endpoint_of_no_known_push_service_is_never_called(
        self, account: AccountConfig, endpoint: str
    ) -> None:
        direct = replace(account, options={"subject": "mailto:push@example.com"})
        address = orjson.dumps({**self.subscription, "endpoint": endpoint}).decode()

        outcome = await send_to(direct, address, self.content())

        assert isinstance(outcome, Refused)
        assert outcome.code == "address_invalid"

    @pytest.mark.parametrize(
        ("status", "kind"), [(404, Refused), (410, Refused), (429, Unavailable), (500, Unknown)]
    )
    async def test_an_answer_is_judged_by_what_it_proves(
        self, account: AccountConfig, status: int, kind: type[Outcome]
    ) -> None:
        async with scripted(answers(status, b"")) as url:
            outcome = await send_to(replace(account, base_url=url), self.address(), self.content())

        assert isinstance(outcome, kind)

    @pytest.mark.parametrize("address", ["", "token", "{}", '{"endpoint":1}', "[]"])
    async def test_an_address_that_is_no_subscription_is_refused(
        self, provider: Provider, address: str
    ) -> None:
        [outcome] = await provider.send([replace(self.message(), address=address)])

        assert isinstance(outcome, Refused)

    @pytest.mark.parametrize("key", ["", "no!", "AAAA" * 11, "-----BEGIN X-----"])
    def test_a_damaged_vapid_key_is_one_clear_error(self, account: AccountConfig, key: str) -> None:
        with pytest.raises(AccountInvalid):
            build_provider(replace(account, secrets={"vapid_private_key": key}))


def test_the_record_is_that_of_rfc_8291_appendix_a() -> None:
    sender = int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    recipient = Recipient(
        public=decoded(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        ),
        secret=decoded("BTBZMqHH6r4Tts7J_aSIgg"),
    )

    record = encrypt(
        b"When I grow up, I want to be a watermelon",
        recipient=recipient,
        sender=ec.derive_private_key(sender, ec.SECP256R1()),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )

    assert record == decoded(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
        "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
        "gSxsj_Qulcy4a-fN"
    )
