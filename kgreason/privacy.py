r"""Personal data in texts: found by their shape, checked by their checksum where they have one, and masked.

What has a shape is found: addresses of mail and of machines, phone numbers, payment cards, bank accounts, numbers of
persons, keys, and what a URL says of who logs in. A name has none. It is found after a cue alone ("my name is", "Mr"),
and so are passwords. Street addresses, dates of birth and all that tells who somebody is without saying so stay.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Detail", "find", "mask"]


class Detail(NamedTuple):
    """Where a text says something personal, and of what kind it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A kind, its shape (the group ``is``, or all of it, is masked), and what else must hold."""

    kind: str
    shape: re.Pattern[str]
    check: Callable[[str], bool] = bool

    def found(self, text: str) -> Iterator[Detail]:
        for match in self.shape.finditer(text):
            group = "is" if "is" in self.shape.groupindex else 0
            start, end = match.span(group)
            # A number may run into what stands behind it: last groups are left off until the rest is one.
            while end > start and not self.check(text[start:end]):
                end = max(text.rfind(gap, start, end) for gap in " -")
            if end > start:
                yield Detail(start, end, self.kind)


def _digits(text: str) -> list[int]:
    return [int(each) for each in text if each.isdecimal()]


def _is_card(text: str) -> bool:
    """Luhn's formula, over as many digits as cards have."""
    digits = _digits(text)[::-1]
    doubled = (sum(divmod(2 * each, 10)) for each in digits[1::2])
    return 13 <= len(digits) <= 19 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_account(text: str) -> bool:
    """ISO 13616: the first four characters behind the others, letters as numbers from 10, leave 1 modulo 97."""
    flat = text.replace(" ", "").replace("-", "")
    return 15 <= len(flat) <= 34 and int("".join(str(int(each, 36)) for each in flat[4:] + flat[:4])) % 97 == 1


def _is_chinese_identity(text: str) -> bool:
    """GB 11643: weights are powers of two modulo 11, X is ten."""
    values = [10 if each in "xX" else int(each) for each in text]
    return sum(each * pow(2, 17 - i, 11) for i, each in enumerate(values)) % 11 == 1


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_NAME = r"(?:[A-ZÀ-Þ][\w'’-]*\w|[A-Z]\.?)"
_OWN = r"\bmy\s+name\s+is|\bi(?:['’]m|\s+am)\s+called"
_FULL_NAME = rf"{_NAME}(?:\s+(?:(?:van|von|der|den|de|di|da|del|la|bin|al)\s+){{0,2}}{_NAME}){{0,3}}"
_TITLE = r"Mrs?|Ms|Mx|Miss|Dr|Prof|Professor|Doctor|Sir|Madam|Dame|Herr|Frau|Monsieur|Madame|Señora?"
_CUES = (
    r"\b(?:my|his|her|their)\s+(?:full\s+|first\s+|last\s+)?name\s+is", r"\bname\s?:", r"\bcall\s+me",
    r"\b(?:i\s+am|i['’]m|he\s+is|she\s+is)\s+(?:called|named)", r"\bsigned,?", r"\bregards,", r"\bdear",
    r"\bthis\s+is(?=[\w\s]{2,60}\s(?:speaking|writing|calling))",
)  # fmt: skip
#: Shapes of keys, as those who issue them write.
_KEYS = (
    r"(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj-|ant-)?[A-Za-z0-9_-]{16,}", r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    r"gh[oprsu]_[A-Za-z0-9]{30,}", r"github_pat_\w{22,}", r"glpat-[\w-]{20,}", r"xox[abeprs]-[\w-]{10,}",
    r"AIza[\w-]{35}", r"hf_[A-Za-z0-9]{30,}", r"npm_[A-Za-z0-9]{36}", r"pypi-[\w-]{50,}",
    r"SG\.[\w-]{16,}\.[\w-]{16,}", r"eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]{8,})?",
)  # fmt: skip
_SECRET = r"(?:pass(?:word|wd|phrase|code)|pwd|secret|(?:api|access)[ _-]?key|(?:access|auth|api)?[ _-]?token)"
_IS = r"(?:[:=]|\bis\b)"
_PEM = r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\w+/=\s]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
_COLONS = r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\d*(?:\.\d{1,3}){3})?"
_CALL = r"\b(?:phone|tel|telephone|mobile|cell|fax|call|ring|text|dial|whatsapp)\b|电话|手机"


def _rule(
    kind: str, shape: str, check: Callable[[str], bool] = bool, *, ascii: bool = True, cased: bool = True
) -> _Rule:
    return _Rule(kind, re.compile(shape, (re.ASCII if ascii else 0) | (0 if cased else re.I)), check)


#: In their order: what an earlier rule found, no later one touches.
_RULES = (
    _rule("key", _PEM),
    _rule("login", r"\b[a-z][a-z0-9+.-]{0,20}://(?P<is>[^\s/@]{1,200})@", cased=False),
    _rule("mail", r"[A-Za-zÀ-ɏ0-9_.+%'-]{1,64}@(?:[A-Za-zÀ-ɏ0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"),
    _rule("key", rf"(?<![\w-])(?:{'|'.join(_KEYS)})(?![\w-])"),
    _rule("key", r"\b(?:Bearer|Basic)\s+(?P<is>[\w.~+/-]{16,}=*)", cased=False),
    _rule("key", rf"(?<![A-Za-z]){_SECRET}[\"']?\s?{_IS}\s?[\"']?(?P<is>[^\s\"',;&]{{4,200}})", cased=False),
    _rule("account", r"(?<![A-Za-z0-9])[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]){11,30}(?![a-z0-9])", _is_account),
    _rule("identity", r"(?<!\d)\d{17}[\dXx](?!\d)", _is_chinese_identity),
    _rule("card", r"(?<![\d.])[2-6]\d{3}(?:[ -]?\d){9,15}(?!\d)", _is_card),
    _rule("identity", r"(?<![\d-])(?!000|666|9)\d{3}([- ])(?!00)\d\d\1(?!0000)\d{4}(?![\d-])"),
    _rule("identity", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D]\b"),
    _rule("address", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)", _is_address),
    _rule("address", rf"(?<![\w:.])(?=\S{{0,45}}\d){_COLONS}(?![\w:])", _is_address),
    # With a country's code, with a 0 before, as in North America, as in China, or after a cue.
    _rule("phone", r"(?<![\w+.])(?:\+|00)[1-9](?:[ ./-]?\(?\d\)?){7,14}(?!\d)"),
    _rule("phone", r"(?<![\w+.-])\(?0[1-9]\d{0,4}\)?(?:[ /-]{0,2}\d){6,9}(?!\d)"),
    _rule("phone", r"(?<![\w+.-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?![\d-])"),
    _rule("phone", r"(?<![\d+.-])1[3-9]\d(?P<gap>[ -]?)\d{4}(?P=gap)\d{4}(?!\d)"),
    _rule("phone", rf"(?:{_CALL})[^\d\n+(]{{0,20}}(?P<is>\+?\(?\d(?:[ ./()-]{{0,2}}\d){{5,14}})(?!\d)", cased=False),
    _rule("name", rf"(?<!\w)(?:{_TITLE})\.?\s+(?P<is>{_FULL_NAME})", ascii=False),
    _rule("name", rf"(?i:{'|'.join(_CUES)})\s+(?P<is>{_FULL_NAME})", ascii=False),
    _rule("name", rf"(?i:{_OWN})\s+(?P<is>(?!(?:not|on|in|the|a)\b)[a-zà-ɏ'’-]{{2,30}})", ascii=False),
    _rule("name", r"(?:我的名字[是叫]|我名叫|我叫)(?![他她你我了过])(?P<is>[\u4e00-\u9fff·]{2,3})", ascii=False),
)


def find(text: str) -> tuple[Detail, ...]:
    """Finds personal details; no two of them overlap.

    Args:
        text: any, in English or Chinese as far as cues go.

    Example:
        >>> [(d.kind, "Ring +44 20 7946 0958."[d.start : d.end]) for d in find("Ring +44 20 7946 0958.")]
        [('phone', '+44 20 7946 0958')]
    """
    details, taken = list[Detail](), bytearray(len(text))
    for rule in _RULES:
        for found in rule.found(text):
            if not any(taken[found.start : found.end]):
                details.append(found)
                taken[found.start : found.end] = b"1" * (found.end - found.start)
    return tuple(sorted(details))


def mask(text: str) -> str:
    """A text with the kind of each personal detail in its place; see the module for what is not found.

    Args:
        text: any.

    Example:
        >>> mask("My name is Ann Lee, write to ann@example.org.")
        'My name is [name], write to [mail].'
    """
    parts, last = list[str](), 0
    for start, end, kind in find(text):
        parts += [text[last:start], f"[{kind}]"]
        last = end
    return "".join(parts) + text[last:]
