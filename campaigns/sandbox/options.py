"""The command line of the sandbox."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from campaigns.sandbox.faults import BadFaults, Fault, read_faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one run was told; port 0 means any free port."""

    smtp_port: int
    http_port: int
    smpp_port: int
    apns_port: int
    ledger: Path
    faults: dict[Fault, float]
    seed: int
    receipts_url: str
    receipts_secret: str
    api_secret: str
    json_ports: str
    dedupe: bool


def read_options(arguments: Sequence[str]) -> Options:
    """Read the arguments; argparse prints one error and exits with 2."""
    parser = argparse.ArgumentParser(
        prog="provider_sandbox",
        description="Vendors of every channel as one server on loopback.",
    )
    declare_options(parser)
    return Options(**vars(parser.parse_args(arguments)))


def declare_options(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's arguments to a parser; their names are those of `Options`."""
    add = parser.add_argument
    add("--smtp-port", type=_port, default=0, metavar="PORT")
    add("--http-port", type=_port, default=0, metavar="PORT")
    add("--smpp-port", type=_port, default=0, metavar="PORT")
    add("--apns-port", type=_port, default=0, metavar="PORT")
    add("--ledger", type=Path, default=Path(".local/sandbox/ledger.jsonl"), metavar="PATH")
    add("--faults", type=_faults, default={}, metavar="none|default|KIND=SHARE,…")
    add("--seed", type=int, default=0)
    add(
        "--receipts-url", type=_url, default="", metavar="URL", help="receipts go to URL/<account>/"
    )
    add("--receipts-secret", default="sandbox-receipt-secret", metavar="SECRET")
    add("--api-secret", default="sandbox-api-secret", metavar="SECRET")
    add("--json-ports", default="-", metavar="PATH|-", help="where to tell the ports as JSON")
    add("--dedupe", action="store_true", help="honour keys: a repeated key is sent once")


def as_arguments(options: Options) -> list[str]:
    """Return arguments that `read_options` reads back as the same options."""
    shares = ",".join(f"{fault}={share!r}" for fault, share in options.faults.items())
    given = {
        "--smtp-port": str(options.smtp_port),
        "--http-port": str(options.http_port),
        "--smpp-port": str(options.smpp_port),
        "--apns-port": str(options.apns_port),
        "--ledger": str(options.ledger),
        "--faults": shares or "none",
        "--seed": str(options.seed),
        "--receipts-url": options.receipts_url,
        "--receipts-secret": options.receipts_secret,
        "--api-secret": options.api_secret,
        "--json-ports": options.json_ports,
    }
    # One word each, so that a value beginning with a dash is not taken for an option.
    words = [f"{name}={value}" for name, value in given.items()]
    return [*words, "--dedupe"] if options.dedupe else words


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if text and not is_url:
        raise argparse.ArgumentTypeError(f"{text!r} is not an http(s) URL")
    return text


def _faults(text: str) -> dict[Fault, float]:
    try:
        return read_faults(text)
    except BadFaults as error:
        raise argparse.ArgumentTypeError(str(error)) from error
