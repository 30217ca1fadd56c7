"""The tokens that stand for a key: as the vendors and the RFCs write them, renewed in time."""

import json
from datetime import UTC, datetime, timedelta

import google.auth.jwt
import pytest
import time_machine
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.oauth2 import service_account

from campaigns.channels.http import Http
from campaigns.channels.kept_token import KeptToken
from campaigns.channels.push.apns import ProviderToken
from campaigns.channels.push.encryption import Vapid, decoded
from campaigns.channels.push.oauth import TokenSource, read_service_account
from tests.campaigns.channels.scripted import scripted
from tests.campaigns.channels.vendors import RSA_PEM

DEADLINE = timedelta(seconds=5)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def parts(token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims, unverified."""
    head, claims, _ = token.split(".")
    return json.loads(decoded(head)), json.loads(decoded(claims))


def verify_es256(token: str, key: ec.EllipticCurvePublicKey) -> None:
    """RFC 7518 §3.4, apart from the code that signs.  Raises InvalidSignature."""
    signed, _, signature = token.rpartition(".")
    octets = decoded(signature)
    pair = encode_dss_signature(int.from_bytes(octets[:32]), int.from_bytes(octets[32:]))
    key.verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))


def public_point(text: str) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(text))


# --- Web Push: RFC 8292 §2.4 ---------------------------------------------------------------------
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiO"
    "jE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGk"
    "MlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
)
RFC_KEY = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"


def test_the_rfcs_own_token_passes_the_check_that_ours_have_to_pass() -> None:
    verify_es256(RFC_TOKEN, public_point(RFC_KEY))
    with pytest.raises(InvalidSignature):
        verify_es256(RFC_TOKEN.replace(".eyJhdWQi", ".eyJhdWQj"), public_point(RFC_KEY))


def test_vapid_is_written_octet_by_octet_as_in_the_rfc() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # Twelve hours before the time at which the RFC's token expires.
    with time_machine.travel(datetime.fromtimestamp(1453523768 - 43_200, UTC), tick=False):
        header = Vapid(key=key, subject="mailto:push@example.com").header(
            "https://push.example.net"
        )

    token, public = header.removeprefix("vapid t=").split(", k=")
    assert token.rpartition(".")[0] == RFC_TOKEN.rpartition(".")[0]
    verify_es256(token, public_point(public))
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert decoded(public) == point


def test_vapid_is_renewed_before_it_expires() -> None:
    vapid = Vapid(key=ec.generate_private_key(ec.SECP256R1()), subject="mailto:a@b.example")
    with time_machine.travel(datetime(2026, 11, 28, tzinfo=UTC), tick=False) as now:
        first = vapid.header("https://a.example")
        now.shift(5 * 3600)
        kept = vapid.header("https://a.example")
        now.shift(2 * 3600)
        renewed = vapid.header("https://a.example")
        expires = parts(renewed.removeprefix("vapid t=").split(",")[0])[1]["exp"]

        assert (first == kept, first == renewed) == (True, False)
        assert expires == int(datetime.now(UTC).timestamp()) + 43_200


# --- APNs: Apple, "Establishing a token-based connection to APNs" -------------------------------
def test_apples_token_holds_what_apple_asks_for_and_nothing_else() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with time_machine.travel(datetime.fromtimestamp(1437179036, UTC), tick=False):
        token = ProviderToken(key=key, key_id="ABC123DEFG", team_id="DEF123GHIJ").token()

    assert parts(token) == (
        {"alg": "ES256", "kid": "ABC123DEFG"},
        {"iss": "DEF123GHIJ", "iat": 1437179036},
    )
    verify_es256(token, key.public_key())


def test_apples_token_is_renewed_after_twenty_and_before_sixty_minutes() -> None:
    clock = Clock()
    tokens = ProviderToken(
        key=ec.generate_private_key(ec.SECP256R1()), key_id="k", team_id="t", clock=clock
    )
    first = tokens.token()
    changed_at = next(
        minute for minute in range(1, 120) if _after(clock, 60) and tokens.token() != first
    )

    assert 20 < changed_at < 60


def test_a_token_apple_calls_expired_is_made_anew_once() -> None:
    tokens = ProviderToken(key=ec.generate_private_key(ec.SECP256R1()), key_id="k", team_id="t")
    first = tokens.token()
    tokens.forget(first)
    second = tokens.token()
    tokens.forget(first)

    assert (second == first, tokens.token() == second) == (False, True)


def _after(clock: Clock, seconds: float) -> bool:
    clock.seconds += seconds
    return True


# --- FCM: RFC 7523, as google-auth writes and reads it ------------------------------------------
async def test_the_assertion_is_that_of_googles_library() -> None:
    taken: list[str] = []

    async def token_door(request: web.Request) -> web.Response:
        form = await request.post()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        taken.append(str(form["assertion"]))
        return web.json_response({"access_token": "t", "expires_in": 3600})

    async with scripted(token_door) as url:
        told = {"client_email": "a@b.example", "token_uri": f"{url}/token", "private_key": RSA_PEM}
        http = Http(concurrency=1, deadline=DEADLINE)
        account = read_service_account(json.dumps(told))
        await TokenSource(account=account, http=http).token()
        await http.aclose()

    theirs = service_account.Credentials.from_service_account_info(
        told, scopes=["https://www.googleapis.com/auth/firebase.messaging"]
    )
    assertion = theirs._make_authorization_grant_assertion()
    public = account.private_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    mine = google.auth.jwt.decode(taken[0], certs=public, audience=f"{url}/token")
    expected = google.auth.jwt.decode(assertion, verify=False)
    timeless = {"iat", "exp"}
    assert {name: mine[name] for name in set(mine) - timeless} == {
        "iss": "a@b.example",
        "scope": expected["scope"],
        "aud": f"{url}/token",
    }
    assert mine["exp"] - mine["iat"] == expected["exp"] - expected["iat"] == 3600
    assert parts(taken[0])[0] == {"alg": "RS256", "typ": "JWT"}


async def test_an_access_token_is_fetched_again_a_minute_before_it_ends_and_not_sooner() -> None:
    clock, fetched = Clock(), list[float]()

    class Counted(KeptToken):
        async def _fetch(self) -> tuple[str, int]:
            fetched.append(clock.seconds)
            return f"t{len(fetched)}", 3600

    tokens = Counted(clock=clock)
    given = []
    for seconds in (0, 3530, 15, 3539):
        clock.seconds += seconds
        given.append(await tokens.token())

    assert given == ["t1", "t1", "t2", "t2"]
