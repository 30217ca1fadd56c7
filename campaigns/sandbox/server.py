"""Start, tell the ports, serve until asked to stop."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import orjson
from aiohttp import web

from campaigns.sandbox.apns import ApnsKey, ApnsServer
from campaigns.sandbox.courier import Courier
from campaigns.sandbox.desk import Desk
from campaigns.sandbox.faults import Faults
from campaigns.sandbox.http import HttpSide
from campaigns.sandbox.ledger import Ledger
from campaigns.sandbox.options import Options
from campaigns.sandbox.service_account import ServiceAccountKey
from campaigns.sandbox.smpp import MessageCentre
from campaigns.sandbox.smtp import SmtpSession

_HOST = "127.0.0.1"
_LAST_RECEIPTS_SECONDS = 2.0


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; then record what is late and end."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ledger = Ledger(options.ledger)
    courier = Courier(ledger=ledger, url=options.receipts_url, secret=options.receipts_secret)
    faults = Faults.seeded(options.faults, options.seed)
    desk = Desk(ledger=ledger, courier=courier, faults=faults, dedupe=options.dedupe)
    key = ServiceAccountKey(options.ledger.with_suffix(".key.pem"))
    apns_key = ApnsKey(options.ledger.with_suffix(".apns.pem"))
    centre = MessageCentre(desk, options.api_secret)
    side = HttpSide(
        desk=desk, api_secret=options.api_secret, key=key, apns_key=apns_key, centre=centre
    )
    runner = web.AppRunner(side.app(), access_log=None)
    await runner.setup()
    smtp = await loop.create_server(lambda: SmtpSession(desk), _HOST, options.smtp_port)
    await web.TCPSite(runner, _HOST, options.http_port).start()
    smpp = await asyncio.start_server(centre.serve, _HOST, options.smpp_port)
    apns = await asyncio.start_server(ApnsServer(desk, apns_key).serve, _HOST, options.apns_port)
    courier.start()
    _tell_ports(
        options,
        smtp_port=smtp.sockets[0].getsockname()[1],
        http_port=runner.addresses[0][1],
        smpp_port=smpp.sockets[0].getsockname()[1],
        apns_port=apns.sockets[0].getsockname()[1],
    )
    await stop.wait()
    smtp.close()
    smpp.close()
    apns.close()
    centre.close()
    await runner.cleanup()
    desk.settle()
    await courier.drain(within=_LAST_RECEIPTS_SECONDS)
    await courier.aclose()
    desk.close()


def _tell_ports(
    options: Options, *, smtp_port: int, http_port: int, smpp_port: int, apns_port: int
) -> None:
    told = orjson.dumps(
        {
            "pid": os.getpid(),
            "smtp_port": smtp_port,
            "http_port": http_port,
            "smpp_port": smpp_port,
            "smpp_url": f"smpp://{_HOST}:{smpp_port}",
            "apns_url": f"http://{_HOST}:{apns_port}",
            "smtp_url": f"smtp://{_HOST}:{smtp_port}",
            "http_url": f"http://{_HOST}:{http_port}",
            "sms_url": f"http://{_HOST}:{http_port}/sms",
            "fcm_url": f"http://{_HOST}:{http_port}/fcm",
            "aliyun_url": f"http://{_HOST}:{http_port}/aliyun",
            "tencent_url": f"http://{_HOST}:{http_port}/tencent",
            "wecom_url": f"http://{_HOST}:{http_port}/wecom",
            "jpush_url": f"http://{_HOST}:{http_port}/jpush",
            "twilio_url": f"http://{_HOST}:{http_port}/twilio",
            "brevo_url": f"http://{_HOST}:{http_port}/brevo",
            "mailjet_url": f"http://{_HOST}:{http_port}/mailjet",
            "sendgrid_url": f"http://{_HOST}:{http_port}/sendgrid",
            "postmark_url": f"http://{_HOST}:{http_port}/postmark",
            "mailgun_url": f"http://{_HOST}:{http_port}/mailgun",
            "webhook_url": f"http://{_HOST}:{http_port}/webhook",
            "email_lookup_url": f"http://{_HOST}:{http_port}/email/lookup",
            "sms_lookup_url": f"http://{_HOST}:{http_port}/sms/lookup",
            "wecom_lookup_url": f"http://{_HOST}:{http_port}/wecom/lookup",
            "push_lookup_url": f"http://{_HOST}:{http_port}/fcm/lookup",
            "service_account_url": f"http://{_HOST}:{http_port}/service-account.json",
            "ledger": str(options.ledger.resolve()),
        }
    )
    if options.json_ports == "-":
        sys.stdout.buffer.write(told + b"\n")
        sys.stdout.buffer.flush()
        return
    path = Path(options.json_ports)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever waits for the file must never read half of it.
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(told + b"\n")
    part.replace(path)
