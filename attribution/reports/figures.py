"""Numbers as a reader sees them. English and Chinese group by three and use the same point."""

from decimal import Decimal

NOTHING = "—"
MINUS = "−"
SMALLEST_P = 0.0001

Number = int | float | Decimal


def count(value: Number) -> str:
    """A whole number, or up to two decimals where credit was shared.

    >>> count(64000), count(12.5), count(Decimal("3.0000"))
    ('64,000', '12.5', '3')
    """
    return _plain(f"{value:,.2f}".rstrip("0").rstrip("."))


def money(value: Number, digits: int = 2) -> str:
    """An amount without its currency, which stands in the heading.

    >>> money(Decimal("-1234.5"))
    '−1,234.50'
    """
    return _plain(f"{value:,.{digits}f}")


def percent(value: Number, digits: int = 1) -> str:
    """A share.

    >>> percent(0.1234)
    '12.3%'
    """
    return _plain(f"{value * 100:,.{digits}f}%")


def signed_percent(value: Number, digits: int = 1) -> str:
    """A change relative to something, with its sign.

    >>> signed_percent(0.1234), signed_percent(-0.5)
    ('+12.3%', '−50.0%')
    """
    return _plain(f"{value * 100:+,.{digits}f}%")


def signed(value: Number, digits: int) -> str:
    """A difference, with its sign.

    >>> signed(0.7689, 3)
    '+0.769'
    """
    return _plain(f"{value:+,.{digits}f}")


def probability(value: float) -> str:
    """A p-value; below 0.0001 only that it is.

    >>> probability(0.04321), probability(1e-30)
    ('0.0432', '< 0.0001')
    """
    return f"{value:.4f}" if value >= SMALLEST_P else f"< {SMALLEST_P:.4f}"


def _plain(text: str) -> str:
    """The typographic minus, and no minus before zero."""
    if text.startswith("-"):
        is_zero = not any(character in "123456789" for character in text)
        return text[1:] if is_zero else MINUS + text[1:]
    return text
