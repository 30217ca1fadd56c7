"""FCM HTTP v1 against the sandbox."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from campaigns.channels.base import (
    ACCOUNT_FAULTS,
    Accepted,
    AccountConfig,
    Channel,
    Provider,
    Refused,
    Unavailable,
)
from campaigns.channels.errors import AccountInvalid, LookupUnavailable
from campaigns.channels.registry import build_provider
from tests.campaigns.channels.contract import API_SECRET, ProviderContract
from tests.campaigns.sandbox_process import SandboxProcess


class TestFcmContract(ProviderContract):
    channel = Channel.PUSH

    def config(self, ports: Mapping[str, str], sandbox: SandboxProcess) -> AccountConfig:
        service_account = orjson.dumps(sandbox.get("/service-account.json")).decode()
        return AccountConfig(
            key="sandbox-push",
            vendor="fcm",
            base_url=ports["fcm_url"],
            secrets={"service_account": service_account, "lookup_secret": API_SECRET},
            options={"lookup_url": ports["push_lookup_url"]},
        )

    def content(self) -> dict[str, str]:
        return {"title": "Statement", "body": "It is ready", "url": "https://example.com/r/abc"}

    def address(self, fault: str = "") -> str:
        return f"fault-{fault}-1" if fault else "device-token-1"

    async def test_an_unregistered_token_is_refused_for_ever(self, provider: Provider) -> None:
        [outcome] = await provider.send([self.message("refuse")])

        assert isinstance(outcome, Refused)
        assert outcome.code == "UNREGISTERED"

    async def test_a_used_up_quota_says_how_long_to_wait(self, provider: Provider) -> None:
        [outcome] = await provider.send([self.message("throttle")])

        assert isinstance(outcome, Unavailable)
        assert (outcome.code, outcome.retry_after) == ("QUOTA_EXCEEDED", timedelta(seconds=1))

    async def test_a_token_that_the_vendor_revoked_is_fetched_anew_on_the_next_attempt(
        self, provider: Provider, sandbox: SandboxProcess
    ) -> None:
        await provider.send([self.message()])
        sandbox.post("/token", {}, method="DELETE")

        [first] = await provider.send([self.message()])
        [second] = await provider.send([self.message()])

        assert isinstance(first, Unavailable)
        assert isinstance(second, Accepted)

    async def test_an_assertion_the_token_endpoint_refuses_is_the_accounts_fault(
        self, account: AccountConfig
    ) -> None:
        fields = orjson.loads(account.secrets["service_account"]) | {"client_email": "x@y.z"}
        secrets = {**account.secrets, "service_account": orjson.dumps(fields).decode()}
        provider = build_provider(replace(account, secrets=secrets))

        [outcome] = await provider.send([self.message()])
        await provider.aclose()

        assert isinstance(outcome, Unavailable)
        assert outcome.code in ACCOUNT_FAULTS

    async def test_without_a_relay_there_is_no_lookup(self, account: AccountConfig) -> None:
        provider = build_provider(replace(account, options={}))

        assert not provider.limits.can_find
        with pytest.raises(LookupUnavailable):
            await provider.find(["0" * 32])

    def test_a_damaged_service_account_is_one_clear_error(self, account: AccountConfig) -> None:
        fields = orjson.loads(account.secrets["service_account"])
        for text in ("", "{}", "[", orjson.dumps(fields | {"private_key": "no"}).decode()):
            with pytest.raises(AccountInvalid):
                build_provider(replace(account, secrets={"service_account": text}))
