"""Numbers as people and models write them: their value, or nothing; never another number.

A text is read as *phrases*. A phrase is a number with all that belongs to it: its sign and
currency, signs between thousands, an exponent, a fraction, ``million``; and, where a second number
is joined to it (``3 + 4``, ``5 or 6``, ``5 feet 3 inches``), that one too. A phrase that is one
number has a value. Of any other phrase nobody knows which number was meant: it has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_MOST_DIGITS = 400
"""Of a number that is calculated (powers, fractions); one that is written out may be longer."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_VULGAR = {"½": "1/2", "¼": "1/4", "¾": "3/4", "⅓": "1/3", "⅔": "2/3", "⅕": "1/5", "⅖": "2/5"}
_VULGAR |= {"⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8"}
_VULGAR |= {"⅞": "7/8", "⅐": "1/7", "⅑": "1/9", "⅒": "1/10"}
# How LaTeX and typography write what plain text has a sign for; the order counts.
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("[\x1f\u200b\u200e\u200f\u2060\ufeff]|\\\\(?:left|right)(?![A-Za-z])"), ""),
    (re.compile("[\u2212\ufe63\uff0d]"), "-"),
    (re.compile(r"(?<=[0-9])(?:\{,\}|\\,|\\:|\\;|\\!|\\ |~|,\\!)(?=[0-9]{3})"), "\u2009"),
    (re.compile("(?<=[0-9])[\u00a0\u2002-\u200a\u202f\u205f](?=[0-9])"), "\u2009"),
    (re.compile("[\u00a0\u2000-\u2008\u200a\u202f\u205f\u3000]"), " "),
    (re.compile(r"\\([%$€£])"), r"\1"),
    (re.compile(r"\\(?:times|cdot)(?![A-Za-z])|[·⋅∙✕✖]"), "×"),
    (re.compile(r"\\div(?![A-Za-z])"), "÷"),
    (re.compile(r"\\[dtc]?frac\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))\s*(?:\{\s*([0-9]+)\s*\}|([0-9]))"),
     "\x1f\\1\\2/\\3\\4"),
    (re.compile(f"[{''.join(_VULGAR)}]"), ""),
    (re.compile("(?<=[0-9])[ ]*\x1f"), " "),
    (re.compile("\x1f"), ""),
    (re.compile(r"\^\s*(?:\\circ|\{\s*\\circ\s*\})"), "°"),
    (re.compile(r"(?<=[0-9])\*\*(?=-?[0-9])"), "^"),
    (re.compile(r"\^\s*\{\s*(-?[0-9]+)\s*\}"), r"^\1"),
    (re.compile(r"(?<=[0-9])[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+"), ""),
    (re.compile("\u2044"), "/"),
)  # fmt: skip

_CURRENCY = r"(?:(?:US|CA|A|C|NZ|HK|S)?\${1,2}|[€£¥₹]|(?:USD|EUR|GBP|INR|Rs\.?)[ ]?)"
# Digits with whatever stands between two of them; what of it is a number is said below.
_RAW = r"(?:[0-9]{1,3}(?:[ ][0-9]{3})+(?![0-9])(?:\.[0-9]+)?|\d+(?:[.,'’_:\u2009]\d+)*|\.\d+)"
_HEAD = re.compile(rf"(?P<sign>[-–+]?)(?:(?P<money>{_CURRENCY})[ ]?)?(?P<inner>-?)(?P<raw>{_RAW})")
_START = re.compile(
    r"(?:(?<![\w.)\]}%])[-+]|(?<![^\s(=])–)?(?<![^\W_])(?<![^\W_]_)(?<![.,])(?<![^\W\d]-)"
    rf"(?:(?<!\w){_CURRENCY}[ ]?-?)?\.?\d"
)
_GROUPED = re.compile(
    r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+"
    r"|(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]{1,3}(?:\u2009[0-9]{3})+"
    r"|[0-9]{1,3}(?: [0-9]{3})+|[0-9]{1,3}(?:['’][0-9]{3})+|[0-9]+(?:_[0-9]{3})+)(?:\.[0-9]+)?"
)
_CLOCK = re.compile(r"[0-9]{1,9}(?::[0-9]{1,9}){1,2}")
_HALF_DAY = re.compile(r"[ ]?([ap])\.?m\b\.?", re.I)
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]{1,4})(?!\w|\.\d)")
_POWER = re.compile(r"[ ]?\^[ ]?(-?[0-9]{1,4})(?!\w|\.\d|\^)")
_TEN_TO = re.compile(r"[ ]?[×x*][ ]?10[ ]?\^[ ]?(-?[0-9]{1,4})(?!\w|\.\d|\^)")
_OVER = re.compile(r"[ ]?/[ ]?([0-9]+)(?![0-9:^]|[.,][0-9]|[ ]?/[ ]?[0-9])")
_MIXED = re.compile(r"[ ]+(?:and[ ]+)?([0-9]+)/([0-9]+)(?![0-9:^]|[.,][0-9]|[ ]?/[ ]?[0-9])")
_AND_PART = re.compile(r"[ ]+(?:and|&)[ ]+(?:a|one)[ -](half|quarter|third)\b", re.I)
_PARTS = {"half": 2, "quarter": 4, "third": 3}
_SCALE = re.compile(r"[ ]*-?(hundred|thousand|million|billion|trillion|lakh|crore)s?(?![\w])", re.I)
_SCALES = {"hundred": 2, "thousand": 3, "lakh": 5, "million": 6, "crore": 7, "billion": 9}
_SCALES |= {"trillion": 12}
_SHORT = re.compile(r"[ ]?(?:([kK])|([mM]|mn|MM)|([bB]|bn)|([tT]|tn))(?![\w])")
# Letters right behind a number are its unit ("5kg", "5th"), but for these, which multiply it.
_GLUED = re.compile(r"[^\W\d_]+")
_GOES_ON = re.compile(
    r"[.,'’_:^!]*\d|\^|√|_[^\W_]|\\(?:pi|sqrt|frac|theta|infty|log|ln|sin|cos|tan)"
)
_MULTIPLIES = frozenset("xyznieMBTπ")
_MARKS = r"(?:[)\]}*_\"'”’`»%°$€£]|\\[)\]]|</?[A-Za-z]{1,8}>)*"
_OPENING = (
    r"(?:\\boxed\s*\{|\\(?:text|mathrm|mathbf|mathit|textbf|textit|bf)\s*\{|\\[(\[]|"
    r"<[A-Za-z]{1,8}>|\${1,2}(?=[\\(*])|[\s(\[{*_\"'“‘«„`])*"
)
_OPEN = re.compile(_OPENING)
_NEXT = rf"[ ]?[(\[*_\"'“‘]*[-–+]?(?:{_CURRENCY})?[ ]?-?\.?\d"
_WORD = r"(?:[ ]?-?[^\W\d_][\w./²³'’-]*)"
_JOINED = re.compile(
    rf"{_MARKS}(?:"
    rf"[ ]?(?:[-+×÷*/^–—~&±]|\.\.+|…)(?={_NEXT})"  # an operator, or a range
    rf"|[ ]*,(?={_NEXT})|[ ]+(?=-?{_CURRENCY}?\.?\d)"  # a list
    rf"|{_WORD}?[ ]?(?:[+×÷*]|[xX](?=[ ]?\d))(?={_NEXT})"
    rf"|{_WORD}?,?[ ]+(?:or|and|plus|minus|times|divided by|multiplied by|vs)(?={_NEXT})"
    rf"|[ ]+(?:to|of|out of|over|through|until|by)(?={_NEXT})"
    r"|[ ]?(?P<unit>[A-Za-z]+)\.?(?:,?[ ]+and|,)?(?=[ ]\d)"
    r")"
)
# "5 feet 3" is one length, "in week 2 5 apples" is not one thing.
_COMPOUND = re.compile(
    r"(?:hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|foot|feet|ft|yards?|dollars?|euros?|"
    r"pounds?|lbs?|met(?:er|re)s?|km|kilomet(?:er|re)s?|kg|kilograms?|gallons?|degrees?)",
    re.I,
)
# What stands before a number and makes another one of it.
_OPERAND = re.compile(
    r"(?:[√^×÷±]|\\(?!boxed|text|math)[A-Za-z]+\{|\}\{|[^\W_]/|[A-Za-z][ ]?[+])[ ]*[({]*$"
)
_REST = re.compile(r"(?:[\s.!)\]}*_\"'%°$]|\\[)\]]|\\(?:text|mathrm|mbox)\s*\{[^{}0-9]*\})*")
_NEGATIVE = re.compile(r"\b(?:negative|minus)[ ]+$", re.I)
_LEADING_NEGATIVE = re.compile(r"(?:negative|minus)[ ]+(?=[\d.$])", re.I)


def leading_number(text: str) -> str | None:
    """Return the number that opens `text`, after white space and marks, or None.

    None too where what opens it is more than one number, or is not read: ``3 + 4``, ``1,0000``.
    """
    text = _plain(text)
    at = _end(_OPEN.match(text), 0)
    minus = _LEADING_NEGATIVE.match(text, at)
    found = _phrase(text, _end(minus, at))
    if found is None or not minus:
        return found.value if found else None
    return _negated(found.value)


def whole_number(text: str) -> str | None:
    r"""Return the number that a text is, with marks and a unit in ``\\text{}`` alone, or None."""
    plain = _plain(text)
    at = _end(_OPEN.match(plain), 0)
    found = _phrase(plain, at)
    rest = _REST.fullmatch(plain, found.end) if found else None
    return found.value if found and rest else None


def last_number(text: str) -> str | None:
    """Return the last number of `text`, or None if there is none, or the last one is not read."""
    found = list(_phrases(_plain(text)))
    return found[-1].value if found else None


def value_of(number: str) -> Fraction | None:
    """Return the exact value of a number as this module spells it; None of a clock or a ratio."""
    return None if ":" in number else Fraction(number)


@dataclass(frozen=True)
class _Phrase:
    value: str | None
    end: int


def _plain(text: str) -> str:
    """Return the text in plain signs. An en dash stays, since in prose it means "to"."""
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain or _spelled, text)
    return text


def _spelled(found: re.Match[str]) -> str:
    """Return a fraction or a power of one sign in plain signs; nothing of a sign without width."""
    sign = found.group()
    if sign in _VULGAR:
        joined = found.start() > 0 and found.string[found.start() - 1].isdigit()
        return f" {_VULGAR[sign]}" if joined else _VULGAR[sign]
    digits = sign.translate(_SUPERSCRIPTS)
    return f"^{digits}" if digits[:1].isdigit() or digits[:1] == "-" else ""


def _phrases(text: str) -> Iterator[_Phrase]:
    at = 0
    while start := _START.search(text, at):
        found = _phrase(text, start.start())
        if found is None:
            at = start.end()
            continue
        before = text[max(0, start.start() - 20) : start.start()]
        if _OPERAND.search(before):
            found = _Phrase(None, found.end)
        elif _NEGATIVE.search(before):
            found = _Phrase(_negated(found.value), found.end)
        yield found
        at = found.end


def _phrase(text: str, at: int) -> _Phrase | None:
    """Return the phrase at a place, with all numbers that are joined to the first."""
    first = _number(text, at)
    if first is None:
        return None
    value, end = first.value, first.end
    while joined := _JOINED.match(text, end):
        unit = joined["unit"]
        if unit and not _COMPOUND.fullmatch(unit):
            break
        following = _number(text, _end(_OPEN.match(text, joined.end()), joined.end()))
        if following is None:
            break
        value, end = None, following.end
    return _Phrase(value, end)


def _number(text: str, at: int) -> _Phrase | None:
    """Return one number with its exponent, fraction and scale; its value is None if not read."""
    head = _HEAD.match(text, at)
    if head is None:
        return None
    raw, end = head["raw"], head.end()
    if _CLOCK.fullmatch(raw):
        return _clock(text, end, None if head["sign"] or head["money"] else raw)
    written = _digits(raw)
    if written is None:
        return _Phrase(None, end)
    changed, end = _calculated(text, end, raw, written, bool(head["money"]))
    value = changed and _unit_fits(text, end, changed)
    end = _end(_GLUED.match(text, end), end)
    if head["sign"] and head["inner"]:
        value = None
    negative = head["sign"] in ("-", "–") or head["inner"]
    return _Phrase(_negated(value) if negative else value, end)


def _clock(text: str, end: int, raw: str | None) -> _Phrase:
    """Return a time or a ratio, which is equal to itself and to no number."""
    half = _HALF_DAY.match(text, end)
    if raw is None:
        return _Phrase(None, end)
    first, *others = raw.split(":")
    value = ":".join([first.lstrip("0") or "0", *others])
    return _Phrase(f"{value} {half[1].lower()}m" if half else value, _end(half, end))


def _calculated(text: str, end: int, raw: str, written: str, money: bool) -> tuple[str | None, int]:
    """Return a number with what follows it and is part of it, and where that ends."""
    value: str | None = written
    if found := _EXPONENT.match(text, end) or _TEN_TO.match(text, end):
        value, end = _scaled(written, int(found[1])), found.end()
    elif found := _POWER.match(text, end):
        value, end = _power(written, int(found[1])), found.end()
    elif found := _OVER.match(text, end):
        value, end = _quotient("0", written if " " not in raw else "", found[1]), found.end()
    elif (found := _MIXED.match(text, end)) and raw.isdigit():
        proper = len(found[1]) < 5 and len(found[2]) < 5 and int(found[1]) < int(found[2])
        value, end = _quotient(written, found[1] if proper else "", found[2]), found.end()
    elif (found := _AND_PART.match(text, end)) and raw.isdigit():
        value, end = _quotient(written, "1", str(_PARTS[found[1].lower()])), found.end()
    if (found := _SHORT.match(text, end)) and (money or text[end] in "kK"):
        value, end = _scaled(value, 3 * int(found.lastindex or 0)), found.end()
    while found := _SCALE.match(text, end):
        value, end = _scaled(value, _SCALES[found[1].lower()]), found.end()
    return value, end


def _unit_fits(text: str, end: int, value: str) -> str | None:
    """Return the value unless what stands right behind it makes another number of it."""
    glued = _GLUED.match(text, end)
    if glued is not None:
        behind = text[glued.end() : glued.end() + 1]
        if glued.group() in _MULTIPLIES or behind.isdigit() or behind == "_":
            return None
        return value
    return None if _GOES_ON.match(text, end) else value


def _digits(raw: str) -> str | None:
    """Return digits that are grouped as thousands are, without the groups, or None."""
    if not _GROUPED.fullmatch(raw):
        return None
    return _spelling(re.sub(r"[^0-9.]", "", raw))


def _spelling(digits: str) -> str:
    """Return the shortest plain spelling: no outer zeros."""
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _scaled(value: str | None, tens: int) -> str | None:
    """Return a value times a power of ten."""
    if value is None or len(value) + abs(tens) > _MOST_DIGITS:
        return None
    return _rational(Fraction(value) * Fraction(10) ** tens)


def _power(base: str, exponent: int) -> str | None:
    if len(base) * abs(exponent) > _MOST_DIGITS or (base == "0" and exponent <= 0):
        return None
    return _rational(Fraction(base) ** exponent)


def _quotient(whole: str, above: str, below: str) -> str | None:
    """Return whole + above/below; None where `above` is nothing, or `below` is zero."""
    too_long = max(len(whole), len(above), len(below)) > _MOST_DIGITS
    if not above or too_long or not int(below):
        return None
    return _rational(Fraction(whole) + Fraction(above) / int(below))


def _rational(value: Fraction) -> str:
    """Return an exact spelling: a decimal where there is a finite one, else ``a/b``."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return str(value)
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    split = len(digits) - places
    found = _spelling(f"{digits[:split]}.{digits[split:]}")
    return f"-{found}" if value < 0 else found


def _negated(value: str | None) -> str | None:
    if value in (None, "0") or value is None:
        return value
    return value[1:] if value.startswith("-") else f"-{value}"


def _end(found: re.Match[str] | None, otherwise: int) -> int:
    return found.end() if found else otherwise
