"""Reading an account's options and secrets, with one clear error each."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from campaigns.channels.base import AccountConfig
from campaigns.channels.errors import AccountInvalid


def option(config: AccountConfig, name: str, default: str | None = None) -> str:
    """Return an option; without a default it must be there."""
    value = config.options.get(name) or default
    if value is None:
        raise AccountInvalid(f"account {config.key!r} ({config.vendor}) needs the option {name!r}")
    return value


def secret(config: AccountConfig, name: str) -> str:
    """Return a secret that must be there."""
    value = config.secrets.get(name)
    if not value:
        raise AccountInvalid(f"account {config.key!r} ({config.vendor}) needs the secret {name!r}")
    return value


def secrets_in_force(config: AccountConfig, name: str, now: datetime) -> list[str]:
    """Return the secret and, while it is being changed, the one before; neither is none.

    `<name>_previous` counts until `<name>_previous_until` (ISO 8601), or while it stands there
    where no end is given; an end that cannot be read has passed.
    """
    known = [config.secrets.get(name, "")]
    until = config.secrets.get(f"{name}_previous_until", "")
    if not until or _ends_after(until, now):
        known.append(config.secrets.get(f"{name}_previous", ""))
    return [secret for secret in known if secret]


def whole_option(config: AccountConfig, name: str, default: int, *, least: int, most: int) -> int:
    """Return an option that is a whole number between `least` and `most`."""
    text = option(config, name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise AccountInvalid(f"account {config.key!r}: option {name!r} must be a whole number")
    value = int(text)
    if not least <= value <= most:
        raise AccountInvalid(
            f"account {config.key!r}: option {name!r} must lie between {least} and {most}"
        )
    return value


def seconds_option(config: AccountConfig, name: str, default: int) -> timedelta:
    """Return an option that is a number of seconds, at most a day."""
    return timedelta(seconds=whole_option(config, name, default, least=1, most=86_400))


def flag_option(config: AccountConfig, name: str, *, default: bool = False) -> bool:
    """Return an option that says `true` or `false`."""
    text = option(config, name, "true" if default else "false")
    if text not in ("true", "false"):
        raise AccountInvalid(f"account {config.key!r}: option {name!r} must be true or false")
    return text == "true"


def http_base(config: AccountConfig, url: str | None = None) -> str:
    """Return the base URL without a trailing slash; it must be http or https with a host."""
    text = (config.base_url if url is None else url).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AccountInvalid(f"account {config.key!r}: {text!r} is not an http(s) URL")
    return text


def _ends_after(text: str, now: datetime) -> bool:
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) > now
