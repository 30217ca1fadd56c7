"""Every reason Apple documents, as its server answers it over HTTP/2.

Source: Apple, "Handling notification responses from APNs", compared on 28 November 2026.
"""

import asyncio

import orjson
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

from campaigns.channels.base import AccountConfig
from tests.campaigns.channels.scripted import class_of, send_to
from tests.campaigns.channels.vendors import EC_PEM, PUSH

REASONS = (
    (400, "BadCollapseId", "refused"),
    (400, "BadDeviceToken", "refused"),
    (400, "BadExpirationDate", "refused"),
    (400, "BadMessageId", "refused"),
    (400, "BadPriority", "refused"),
    (400, "BadTopic", "account"),
    (400, "DeviceTokenNotForTopic", "refused"),
    (400, "DuplicateHeaders", "refused"),
    (400, "IdleTimeout", "retry"),
    (400, "InvalidPushType", "refused"),
    (400, "MissingDeviceToken", "refused"),
    (400, "MissingTopic", "account"),
    (400, "PayloadEmpty", "refused"),
    (400, "TopicDisallowed", "account"),
    (403, "BadCertificate", "account"),
    (403, "BadCertificateEnvironment", "account"),
    (403, "ExpiredProviderToken", "retry"),
    (403, "Forbidden", "account"),
    (403, "InvalidProviderToken", "account"),
    (403, "MissingProviderToken", "account"),
    (403, "UnrelatedKeyIdInToken", "account"),
    (403, "BadEnvironmentKeyIdInToken", "account"),
    (403, "BadEnvironmentKeyInToken", "account"),
    (404, "BadPath", "refused"),
    (405, "MethodNotAllowed", "account"),
    (410, "ExpiredToken", "dead"),
    (410, "Unregistered", "dead"),
    (413, "PayloadTooLarge", "refused"),
    (429, "TooManyProviderTokenUpdates", "retry"),
    (429, "TooManyRequests", "recipient"),
    (500, "InternalServerError", "ambiguous"),
    (503, "ServiceUnavailable", "retry"),
    (503, "Shutdown", "retry"),
    (400, "AddedSince", "refused"),
    (403, "AddedSince", "account"),
    (500, "AddedSince", "ambiguous"),
    (200, "AddedSince", "ambiguous"),
)


@pytest.mark.parametrize(("status", "reason", "meant"), REASONS)
async def test_a_reason_means_what_apple_says(status: int, reason: str, meant: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine = H2Connection(H2Configuration(client_side=False))
        engine.initiate_connection()
        writer.write(engine.data_to_send())
        while data := await reader.read(65_536):
            for event in engine.receive_data(data):
                if isinstance(event, StreamEnded):
                    engine.send_headers(event.stream_id, [(":status", str(status))])
                    told = orjson.dumps({"reason": reason})
                    engine.send_data(event.stream_id, told, end_stream=True)
            writer.write(engine.data_to_send())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        config = AccountConfig(
            key="apple",
            vendor="apns",
            base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            secrets={"auth_key": EC_PEM},
            options={"key_id": "k", "team_id": "t", "topic": "com.example"},
        )
        outcome = await send_to(config, "0a", dict(PUSH))

    assert class_of(outcome) == meant
