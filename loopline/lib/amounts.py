"""Amounts of money as people read them: one way on pages, in mails, on the command line and in the notes of files.

What programs read (columns of CSV, JSON, Parquet) holds plain numbers, with the currency in a column of its own.
Spaces inside an amount do not break; a minus is a real one; None is "—": there is no such amount.
"""

from decimal import Decimal

from loopline.lib.money import Money, exponent

NONE = "—"
NO_BREAK = "\u00a0"
MINUS = "\u2212"
_SYMBOLS = {
    "EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "BRL": "R$", "INR": "₹", "CNY": "CN¥", "KRW": "₩",
    "AUD": "A$", "CAD": "CA$", "NZD": "NZ$", "MXN": "MX$", "ILS": "₪", "VND": "₫",
}  # fmt: skip


def money_text(amount_minor: int | None, currency: str) -> str:
    """`€1,234.56`: to the cent, exactly as it is stored. A currency without a sign of its own: `CHF 1,234.56`."""
    if amount_minor is None:
        return NONE
    return _with_currency(f"{abs(Money(amount_minor, currency).major):,f}", amount_minor < 0, currency)


def major_text(amount: float | None, currency: str) -> str:
    """The same of an amount in major units."""
    minor = None if amount is None else round(Decimal(str(amount)).scaleb(exponent(currency)))
    return money_text(minor, currency)


def money_whole_text(amount_minor: int | None, currency: str) -> str:
    """`€1,235`: to the whole unit, for tables; the exact amount belongs beside it or one click away."""
    if amount_minor is None:
        return NONE
    text = f"{abs(Money(amount_minor, currency).major):,.0f}"
    return _with_currency(text, amount_minor < 0 and text != "0", currency)


def _with_currency(digits: str, is_negative: bool, currency: str) -> str:
    symbol = _SYMBOLS.get(currency, currency + NO_BREAK)
    return f"{MINUS if is_negative else ''}{symbol}{digits}"
