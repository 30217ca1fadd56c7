"""Reading an account's options and secrets, with one clear error each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

from campaigns.channels.base import AccountConfig
from campaigns.channels.errors import AccountInvalid
from campaigns.channels.public_hosts import ForbiddenHost, check_url
from compliance.sentences import Sentence

_CODE: Final = "account_invalid"
NEEDS_OPTION: Final = Sentence(
    code=_CODE,
    en="Account “{account}” ({vendor}) needs the option “{name}”.",
    zh="账号“{account}”（{vendor}）缺少选项“{name}”。",
)
NEEDS_SECRET: Final = Sentence(
    code=_CODE,
    en="Account “{account}” ({vendor}) needs the secret “{name}”.",
    zh="账号“{account}”（{vendor}）缺少密钥“{name}”。",
)
NOT_WHOLE: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: the option “{name}” must be a whole number.",
    zh="账号“{account}”：选项“{name}”必须是整数。",
)
OUT_OF_RANGE: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: the option “{name}” must lie between {least} and {most}.",
    zh="账号“{account}”：选项“{name}”必须在 {least} 到 {most} 之间。",
)
NOT_A_FLAG: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: the option “{name}” must be true or false.",
    zh="账号“{account}”：选项“{name}”只能是 true 或 false。",
)
NOT_ONE_OF: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: the option “{name}” must be one of {known}.",
    zh="账号“{account}”：选项“{name}”只能是以下之一：{known}。",
)
NEEDS_HTTPS: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: the base URL must begin with https://.",
    zh="账号“{account}”：基础地址必须以 https:// 开头。",
)
NOT_HTTP: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: “{url}” is not an http(s) URL.",
    zh="账号“{account}”：“{url}”不是 http(s) 网址。",
)
# The address is not repeated: it may hold a password.
HAS_USER: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: an address holds no user name or password. Give them as secrets.",
    zh="账号“{account}”：地址中不能包含用户名或密码。请将其填写为密钥。",
)
NOT_BARE: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: a base URL ends with its path; take off what begins with “?” or “#”.",
    zh="账号“{account}”：基础地址到路径为止，请去掉“?”或“#”及其后的内容。",
)
NOBODYS_HOST: Final = Sentence(
    code=_CODE,
    en="Account “{account}”: no provider can stand at “{host}”. Give the provider's own address.",
    zh="账号“{account}”：“{host}”不可能是供应商的地址。请填写供应商自己的地址。",
)


def option(config: AccountConfig, name: str, default: str | None = None) -> str:
    """Return an option; without a default it must be there."""
    value = config.options.get(name) or default
    if value is None:
        raise AccountInvalid(NEEDS_OPTION, account=config.key, vendor=config.vendor, name=name)
    return value


def secret(config: AccountConfig, name: str) -> str:
    """Return a secret that must be there."""
    value = config.secrets.get(name)
    if not value:
        raise AccountInvalid(NEEDS_SECRET, account=config.key, vendor=config.vendor, name=name)
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
        raise AccountInvalid(NOT_WHOLE, account=config.key, name=name)
    value = int(text)
    if not least <= value <= most:
        raise AccountInvalid(OUT_OF_RANGE, account=config.key, name=name, least=least, most=most)
    return value


def seconds_option(config: AccountConfig, name: str, default: int) -> timedelta:
    """Return an option that is a number of seconds, at most a day."""
    return timedelta(seconds=whole_option(config, name, default, least=1, most=86_400))


def flag_option(config: AccountConfig, name: str, *, default: bool = False) -> bool:
    """Return an option that says `true` or `false`."""
    text = option(config, name, "true" if default else "false")
    if text not in ("true", "false"):
        raise AccountInvalid(NOT_A_FLAG, account=config.key, name=name)
    return text == "true"


def choice_option(
    config: AccountConfig, name: str, known: Sequence[str], default: str | None = None
) -> str:
    """Return an option that is one of a few words."""
    text = option(config, name, default)
    if text not in known:
        raise AccountInvalid(NOT_ONE_OF, account=config.key, name=name, known=", ".join(known))
    return text


def http_base(config: AccountConfig, url: str | None = None) -> str:
    """Return the base URL without a trailing slash: a path or a query of ours is put behind it."""
    text = http_url(config, url)
    if "?" in text or "#" in text:
        raise AccountInvalid(NOT_BARE, account=config.key)
    return text


def http_url(config: AccountConfig, url: str | None = None) -> str:
    """Return a URL without a trailing slash; it must be http or https with a host."""
    text = (config.base_url if url is None else url).rstrip("/")
    if not is_url(text, ("http", "https")):
        raise AccountInvalid(NOT_HTTP, account=config.key, url=text)
    if "@" in urlsplit(text).netloc:
        raise AccountInvalid(HAS_USER, account=config.key)
    try:
        check_url(text, None)
    except ForbiddenHost as error:
        raise AccountInvalid(NOBODYS_HOST, account=config.key, host=URL(text).host or "") from error
    return text


def is_url(text: str, schemes: Sequence[str]) -> bool:
    """Return whether `text` has one of the schemes, a host, and a port that can be read."""
    try:
        # The client reads it by stricter rules than the library, and by those it is opened.
        parts, _ = urlsplit(text), URL(text).port
        port_is_readable = parts.port != 0
    except ValueError:
        return False
    is_plain = text.isprintable() and not any(sign.isspace() or sign == "\\" for sign in text)
    return parts.scheme in schemes and bool(parts.hostname) and port_is_readable and is_plain


def _ends_after(text: str, now: datetime) -> bool:
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) > now
