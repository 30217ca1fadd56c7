"""Phones, e-mail addresses, numbers and tokens that name a person: normal form, mask, hash, cipher.

Normal forms: phones are E.164 mobile numbers; e-mail addresses keep their local part and have an
ASCII lower-case domain; everything else is NFC without surrounding white space. Lookup is by
HMAC-SHA256 over kind and value, so that equal values meet without being readable; use is by
AES-256-GCM whose associated data binds a ciphertext to its row. What is about a person is encrypted
with a key made of the settings' key and of the person's own, which erasing him destroys.
"""

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from customers.errors import IdentifierError, UnknownKey
from customers.id_cards import hide_id_cards
from customers.keyed_hash import digest_by

NONCE_BYTES = 12  # NIST SP 800-38D: 96 bits, random, once per message
_DRAWN = 256  # nonces at a time

_CN_MOBILE = re.compile(
    r"(?:(?:\+|00)?86[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})", re.ASCII
)
# No dots: a spreadsheet's 1380013800.0 would become the number of somebody else.
_DIALLED = re.compile(r"\(?\+?[0-9(][0-9 ()-]{3,24}", re.ASCII)
# What Excel makes of a long number: 1.38E+10, or 1,38E+10 where a comma parts decimals. The digits
# it dropped cannot be had back.
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}", re.ASCII)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# What programs write where they have no value. As a number it would make one person of many.
_NO_VALUE = re.compile(
    r"\(?null\)?|nan|none|undefined|n/a|<na>|\\n|#(?:null!|n/a|ref!|value!|name\?|#+)|-+|无|空",
    re.IGNORECASE,
)
_EMAIL = re.compile(
    rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}}))"
)
# Inside free text: anything shaped like an address, a CN mobile number that is no part of a longer
# number or of a hash, or a number with its country's code; a number may begin an address.
_AT = r"(?:[@＠]|%(?:25){0,3}40)"
_LOCAL = r"(?:[^\s@＠%<>\"'&=?/:;,()]|%(?!(?:25){0,3}40))"
_NO_HOST = r"\s@＠<>\"'&=?/;,()"
_AT_HOST = rf"{_AT}+[^{_NO_HOST}][^.{_NO_HOST}]{{0,252}}+\.[^{_NO_HOST}]+"
_DIGIT = "[0-9０-９]"
# What stands between the parts of a number, also in an address, where a blank is + or %20.
_BETWEEN = "(?:[ +\u00a0\u3000\u2010-\u2015-]|%(?:25)?20)?"
# Part of a hash: after or before its letters. Those that end or begin a word are none, and neither
# are those of an escape (%3D, %253D, \\u003d).
_NO_HASH_BEFORE = (
    r"(?:(?<![0-9A-Fa-f０-９])|(?<=[G-Zg-z][A-Fa-f])|(?<=[G-Zg-z][A-Fa-f]{2})"
    r"|(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
)
_NO_HASH_AFTER = r"(?![0-9０-９])(?:(?![A-Fa-f])|(?=[A-Fa-f]{1,2}[G-Zg-z]))"
_MOBILE = (
    rf"(?:(?:(?:\+|00)?86{_BETWEEN})?[1１][3-9３-９]{_DIGIT}"
    rf"{_BETWEEN}{_DIGIT}{{4}}{_BETWEEN}{_DIGIT}{{4}}|1[3-9][0-9]\.[0-9]{{4}}\.[0-9]{{4}})"
)
_ABROAD = (
    r"(?:(?<![0-9A-Za-z])\+|(?<=%2[Bb])|(?<=%252[Bb]))[1-9](?:[ ()-]{0,2}[0-9]){7,14}(?![0-9])"
)
_PERSONAL = re.compile(
    # A local part is read once, from its first letter to the @ or %40 that ends it, and a host has
    # its length: else a text of "a…" or of "%40%40…" would be read from each of its letters.
    rf"(?:(?<![^\s@＠<>\"'&=?/:;,()])|(?<=%40)|(?<=%2540)){_LOCAL}++{_AT_HOST}"
    rf"|(?:(?=[+01１8]){_NO_HASH_BEFORE}{_MOBILE}{_NO_HASH_AFTER}|{_ABROAD})"
    rf"(?:{_LOCAL}{{0,64}}+{_AT_HOST})?"
)
_SEPARATORS = re.compile(r"(?<=[0-9])(?:[ +.\u2010-\u2015]|%(?:25)?20)(?=[0-9])")
# Cheaper to look for than all that a phone number or an address may look like.
_PERHAPS_ADDRESS = re.compile(_AT)
_SEVEN_DIGITS = re.compile(
    rf"(?:{_DIGIT}(?:[ ()+.\u00a0\u3000\u2010-\u2015-]|%(?:25)?20){{0,2}}){{7}}"
)
PHONE_KEY = re.compile(
    "phone|mobile|tel|cell|contact|msisdn|whatsapp|caller|callee|shouji|dianhua|手机|电话|联系|号码",
    re.IGNORECASE,
)
_NUMBERED_MASK = re.compile("⟦([0-9]{1,6}):[^⟧]*⟧")
_FROM_FILES = frozenset({"customer_no", "device", "openid", "unionid"})
_LONGEST = {"customer_no": 128, "user_id": 256, "anonymous_id": 256, "device": 4096}


def normalise(kind: str, value: str, *, region: str = "CN") -> str:
    """The one form in which an identifier is hashed, stored and used.

    Parameters
    ----------
    kind : an `IdentityKind`
    value : as it came from a file, a form or an event
    region : ISO 3166 country of phone numbers written without a country code

    Raises
    ------
    IdentifierError : the value names nobody; `code` says why.
    """
    plain = value.isascii() and value.isprintable()
    text = value.strip() if plain else unicodedata.normalize("NFC", value).strip()
    if not text:
        raise IdentifierError("empty", "It is empty.")
    if not plain and any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise IdentifierError("control_character", "It holds a control character.")
    match kind:
        case "phone":
            return _phone(text, region)
        case "email":
            return _email(text)
        case _:
            return _token(text, kind)


def _phone(text: str, region: str) -> str:
    if mobile := _CN_MOBILE.fullmatch(text):
        return "+86" + "".join(mobile.groups())
    # Full-width digits and signs are the same digits; those of other scripts are refused.
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    _refuse_scientific(text)
    if not _DIALLED.fullmatch(text):
        raise IdentifierError("phone_invalid", "It is not a phone number.")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise IdentifierError("phone_invalid", "It is not a phone number.") from error
    if not phonenumbers.is_valid_number(number):
        raise IdentifierError("phone_invalid", "No such phone number can exist.")
    kinds = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(number) not in {kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE}:
        raise IdentifierError("not_sms_capable", "It is not a mobile number.")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _refuse_scientific(text: str) -> None:
    if _SCIENTIFIC.fullmatch(text):
        raise IdentifierError(
            "scientific_notation",
            "A spreadsheet has rounded it (as 1.38E+10): format the column as text and export"
            " it again.",
        )


def _email(text: str) -> str:
    if address := _EMAIL.fullmatch(text):
        local, domain = address.groups()
    else:
        local, domain = _international(text)
    if len(local.encode()) > 64 or len(domain) > 253:
        raise IdentifierError("email_invalid", "It is too long for an e-mail address.")
    return f"{local}@{domain.lower()}"


def _international(text: str) -> tuple[str, str]:
    """Local part and IDNA domain of an address outside ASCII."""
    local, at, domain = text.partition("@")
    wrong = IdentifierError("email_invalid", "It is not an e-mail address.")
    # A full-width look-alike is somebody's typing error; mending it may reach another person.
    foreign = domain.isascii() or "。" in domain or unicodedata.normalize("NFKC", domain) != domain
    if not at or foreign:
        raise wrong
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        told_back = ascii_domain.encode("ascii").decode("idna")
    except UnicodeError as error:
        raise wrong from error
    # IDNA of 2003 makes "ss" of "ß" and drops what is invisible: that is somebody else's domain.
    if told_back != domain.lower() or not _EMAIL.fullmatch(f"{local}@{ascii_domain}"):
        raise wrong
    return local, ascii_domain


def _token(text: str, kind: str) -> str:
    if len(text) > _LONGEST.get(kind, 256):
        raise IdentifierError("too_long", "It is too long.")
    if kind in _FROM_FILES and is_no_value(text):
        raise IdentifierError("no_value", "It says that there is no value, as NULL does.")
    if kind == "customer_no":
        _refuse_scientific(text)
        # What cannot be seen would make one person two: spreadsheets and chats add such letters.
        if not text.isascii() and any(unicodedata.category(letter) == "Cf" for letter in text):
            raise IdentifierError("invisible_character", "It holds a letter that cannot be seen.")
    return text


def is_no_value(text: str) -> bool:
    """Whether a program or person wrote that there is none: NULL, NaN, \\N, #N/A, 无."""
    return _NO_VALUE.fullmatch(text) is not None


def mask(kind: str, value: str) -> str:
    """What people without the right to see the value see: ``138****1234``, ``a***@example.com``."""
    match kind:
        case "phone":
            national = value.removeprefix("+86")
            shown = 3 if national != value else 4
            return f"{national[:shown]}****{national[-4:]}"
        case "email":
            local, _at, domain = value.rpartition("@")
            return f"{local[:1]}***@{domain}"
        case "name":
            return value[:1] + "*" * min(len(value) - 1, 3)
        case _:
            return value[:4] + "****" if len(value) > 8 else "****"


def holds_contact(key: str, value: object) -> bool:
    """Whether a value that would stand in clear is, or has in it, a phone number or e-mail address.

    Numbers are asked only where the key speaks of phones: others are amounts.
    """
    match value:
        case str():
            may = _SEVEN_DIGITS.search(value) or _PERHAPS_ADDRESS.search(value)
            return may is not None and _PERSONAL.search(value) is not None
        case bool():
            return False
        case int() | float() if PHONE_KEY.search(key) and value == int(value):
            return _PERSONAL.search(str(int(value))) is not None
        case _:
            return False


def names_somebody(text: str) -> bool:
    """Whether a phone number, a whole e-mail address (no pattern for some) or the number of an
    identity card stands in a text."""
    return hide_id_cards(text) != text or any(
        "@" not in (plain := unicodedata.normalize("NFKC", _PERHAPS_ADDRESS.sub("@", found[0])))
        or _EMAIL.fullmatch(plain) is not None
        for found in _PERSONAL.finditer(text)
    )


def redact(text: str) -> str:
    """The text with every phone number, e-mail address and number of an identity card masked."""
    return _PERSONAL.sub(_masked, hide_id_cards(text))


def _masked(found: re.Match[str]) -> str:
    value = unicodedata.normalize("NFKC", _PERHAPS_ADDRESS.sub("@", found.group()))
    if "@" in value:
        return mask("email", value)
    if mobile := _CN_MOBILE.fullmatch(_SEPARATORS.sub("-", value)):
        return mask("phone", "+86" + "".join(mobile.groups()))
    return mask("phone", value)


class Sealer(NamedTuple):
    """What encrypts for one person, or for nobody: made once for all that is said of him."""

    key_id: str
    cipher: AESGCM
    draw: Callable[[], bytes]
    """A nonce that was never given before."""

    def encrypt(self, value: bytes, associated: bytes) -> bytes:
        """Nonce, text and tag."""
        nonce = self.draw()
        return nonce + self.cipher.encrypt(nonce, value, associated)

    def seal(self, value: bytes, associated: bytes) -> bytes:
        """A ciphertext that names its own key, for columns without a key id beside them."""
        return self.key_id.encode() + b":" + self.encrypt(value, associated)


def _nonce() -> bytes:
    return os.urandom(NONCE_BYTES)


def nonces() -> Iterator[bytes]:
    """Nonces for one batch in one thread: one draw for many, since each asks the kernel."""
    while True:
        drawn = os.urandom(NONCE_BYTES * _DRAWN)
        yield from (drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The key that hashes and the keys that encrypt; the first encrypts, all decrypt."""

    lookup_key: bytes
    ciphers: Mapping[str, AESGCM]
    """By key id, in the order of the setting."""
    masters: Mapping[str, bytes]
    """The same keys, of which a person's cipher is made."""
    person_key: Callable[[int], bytes]
    """The 32 bytes of a person's slot.  Raises KeyDestroyed."""
    made: dict[str, AESGCM] | None = None
    """Persons' ciphers by key id, where they are remembered: for one batch only."""
    draw: Callable[[], bytes] = _nonce
    """Gives the nonces."""

    @property
    def current(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self.ciphers))

    def lookup_hash(self, kind: str, value: str) -> bytes:
        """32 bytes that are equal for equal ``(kind, normalised value)`` and tell nothing else."""
        return lookup_hash(self.lookup_key, kind, value)

    def encrypt(self, value: str, associated: bytes, *, slot: int | None) -> tuple[str, bytes]:
        """Key id and ciphertext (nonce, text, tag) of a value.

        ``slot`` says whose it is; None for what is about nobody. It stands in the key id, so that
        reading needs no more than that. Raises KeyDestroyed.
        """
        sealer = self.sealer(slot)
        return sealer.key_id, sealer.encrypt(value.encode(), associated)

    def sealer(self, slot: int | None) -> Sealer:
        """What encrypts for a slot; raises KeyDestroyed."""
        name = self.current
        if slot is None:
            return Sealer(name, self.ciphers[name], self.draw)
        key_id = f"{name}@{slot:016x}"
        return Sealer(key_id, self._own(key_id, name, slot), self.draw)

    def decrypt(self, key_id: str, ciphertext: bytes, associated: bytes) -> str:
        """The value; raises UnknownKey when the key is gone or the row was tampered with."""
        return self._open(key_id, ciphertext, associated).decode()

    def _cipher(self, key_id: str) -> AESGCM:
        name, _at, slot = key_id.partition("@")
        cipher = self.ciphers.get(name)
        if cipher is None:
            raise UnknownKey("unknown_key", f"There is no encryption key {name!r}.")
        return self._own(key_id, name, int(slot, 16)) if slot else cipher

    def _own(self, key_id: str, name: str, slot: int) -> AESGCM:
        """A person's cipher under the settings' key of this name."""
        if self.made is not None and (known := self.made.get(key_id)):
            return known
        # Whoever has one of the two keys has nothing.
        own = AESGCM(digest_by(self.masters[name], self.person_key(slot)))
        if self.made is not None:
            self.made[key_id] = own
        return own

    def _open(self, key_id: str, ciphertext: bytes, associated: bytes) -> bytes:
        cipher = self._cipher(key_id)
        try:
            return cipher.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], associated)
        except InvalidTag as error:
            raise UnknownKey(
                "not_authentic", "A ciphertext does not belong to its row or key."
            ) from error

    def seal(self, value: str, associated: bytes, *, slot: int | None) -> bytes:
        """As `Sealer.seal`; ``slot`` as for `encrypt`."""
        return self.seal_bytes(value.encode(), associated, slot=slot)

    def unseal(self, sealed: bytes, associated: bytes) -> str:
        """The value that `seal` closed; raises as `decrypt`."""
        return self.unseal_bytes(sealed, associated).decode()

    def seal_bytes(self, value: bytes, associated: bytes, *, slot: int | None) -> bytes:
        """As `seal`, for what is no text."""
        return self.sealer(slot).seal(value, associated)

    def unseal_bytes(self, sealed: bytes, associated: bytes) -> bytes:
        """The bytes that `seal_bytes` closed; raises as `decrypt`."""
        key_id, _colon, ciphertext = sealed.partition(b":")
        return self._open(key_id.decode(), ciphertext, associated)


def lookup_hash(lookup_key: bytes, kind: str, value: str) -> bytes:
    """As `Keyring.lookup_hash`, by its key alone."""
    return digest_by(lookup_key, f"{kind}:{value}".encode())


def slot_of(key_id: str) -> int | None:
    """Whose key a ciphertext's key id names, None where it is nobody's."""
    _name, at, slot = key_id.partition("@")
    return int(slot, 16) if at else None


def key_id_of(sealed: bytes) -> str:
    """The key id that a seal names."""
    return sealed.partition(b":")[0].decode("ascii", "replace")


def make_keyring(
    *,
    encryption_keys: Mapping[str, bytes],
    lookup_key: bytes,
    person_key: Callable[[int], bytes],
) -> Keyring:
    """A keyring from raw 32-byte keys.

    Raises ValueError when a key has the wrong length, a bad name, or there is none.
    """
    if not encryption_keys:
        raise ValueError("At least one encryption key is needed.")
    if len(lookup_key) < 32 or any(len(key) != 32 for key in encryption_keys.values()):
        raise ValueError("Encryption keys have 32 bytes, the lookup key at least 32.")
    if any("@" in key_id or ":" in key_id for key_id in encryption_keys):
        raise ValueError("The name of an encryption key holds neither @ nor a colon.")
    return Keyring(
        lookup_key=lookup_key,
        ciphers={key_id: AESGCM(key) for key_id, key in encryption_keys.items()},
        masters=dict(encryption_keys),
        person_key=person_key,
    )


def name_binding(customer_no: str) -> bytes:
    """Associated data of a customer's name."""
    return b"name:" + customer_no.encode()


def identity_binding(kind: str, value_hash: bytes) -> bytes:
    """Associated data of an identifier's ciphertext."""
    return kind.encode() + b":" + value_hash


def correction_binding(customer_id: int, field: str) -> bytes:
    """Associated data of a corrected value."""
    return f"correction:{customer_id}:{field}".encode()


def hide(text: str, *, first: int = 1) -> tuple[str, list[str]]:
    """The text with every phone number and e-mail address as a numbered mask, and the values.

    >>> hide("call 13800138000")
    ('call ⟦1:138****8000⟧', ['13800138000'])
    """
    hidden: list[str] = []

    def mark(found: re.Match[str]) -> str:
        hidden.append(found.group())
        return f"⟦{first + len(hidden) - 1}:{_masked(found)}⟧"

    return _PERSONAL.sub(mark, text), hidden


def unhide(text: str, hidden: Sequence[str]) -> str:
    """The text with its numbered masks replaced by the values they stand for.

    Raises IdentifierError when a number stands for nothing.
    """

    def value(found: re.Match[str]) -> str:
        number = int(found[1])
        if not 0 < number <= len(hidden):
            raise IdentifierError("mask_unknown", f"No hidden value has the number {number}.")
        return hidden[number - 1]

    return _NUMBERED_MASK.sub(value, text)
