"""Texts with invented personal details in them, and texts that only look so; a seed says which."""

from __future__ import annotations

import ipaddress
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

__all__ = ["DETAILS", "HELD_OUT", "SHOWN", "Sample", "details", "samples"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text.

    Args:
        text: with one detail at most.
        kind: of the detail; empty where there is none.
        start: where the detail begins.
        end: where it ends.
    """

    text: str
    kind: str = ""
    start: int = 0
    end: int = 0


_FIRST = (
    "Ann",
    "Olga",
    "Wei",
    "José",
    "Priya",
    "Kwame",
    "Ingrid",
    "Tomás",
    "Fatima",
    "Liam",
    "Noor",
    "Søren",
    "Mary-Jane",
)
_LAST = ("Lee", "Okafor", "van der Berg", "O'Neill", "Müller", "García", "Kowalski", "Haddad", "Ivanova", "de la Cruz")
_HOSTS = ("example.org", "mail.example.co.uk", "post.example.de", "uni-example.edu", "example.com.cn")


def _number(chance: Random, count: int, first: str = string.digits) -> str:
    return chance.choice(first) + "".join(chance.choices(string.digits, k=count - 1))


def _mixed(chance: Random, count: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(chance.choices(letters, k=count))


def _filled(shape: str, chance: Random) -> str:
    """A digit for each #, and one from 2 to 9 for each N."""
    own = {"#": string.digits, "N": "23456789"}
    return "".join(chance.choice(own[each]) if each in own else each for each in shape)


def _mail(chance: Random) -> str:
    first, last = (chance.choice(names).lower().replace("'", "").replace(" ", "") for names in (_FIRST, _LAST))
    local = chance.choice(("{0}.{1}", "{0}_{1}", "{0}{2}", "{0}+{1}", "{0}-{2}")).format(
        first, last, _number(chance, 2)
    )
    return f"{local}@{chance.choice(_HOSTS)}"


def _phone(chance: Random) -> str:
    shapes = (
        "+1 N##-N##-####", "(N##) N##-####", "N##-N##-####", "N##.N##.####", "+44 20 7### ####", "020 7### ####",
        "+49 30 N######", "030/N#######", "0171 N######", "+86 138 #### ####", "139########", "+33 6 ## ## ## ##",
        "06 ## ## ## ##", "0044 20 7### ####", "+91-98###-#####", "+55 (11) 9####-####",
    )  # fmt: skip
    return _filled(chance.choice(shapes), chance)


def _address(chance: Random) -> str:
    if chance.random() < 0.6:
        return ".".join(str(chance.randint(1, 254)) for _ in range(4))
    whole = ipaddress.IPv6Address((0x20010DB8 << 96) + chance.getrandbits(chance.choice((16, 48, 96))))
    return chance.choice((whole.compressed, whole.exploded, whole.compressed.upper()))


def _card(chance: Random) -> str:
    length, first = chance.choice(((16, "4"), (16, "51"), (15, "37"), (16, "6011"), (19, "62"), (13, "4")))
    digits = first + "".join(chance.choices(string.digits, k=length - len(first) - 1))
    doubled = [sum(divmod(2 * int(each), 10)) if i % 2 == 0 else int(each) for i, each in enumerate(reversed(digits))]
    whole, gap = digits + str(-sum(doubled) % 10), chance.choice(("", " ", "-"))
    return gap.join(whole[i : i + 4] for i in range(0, len(whole), 4))


def _account(chance: Random) -> str:
    country, bank, length = chance.choice(
        (("DE", "", 18), ("GB", "BARC", 14), ("FR", "", 23), ("NL", "INGB", 10), ("NO", "", 11), ("MT", "MALT", 23))
    )
    body = bank + _number(chance, length)
    as_number = int("".join(str(int(each, 36)) for each in f"{body}{country}00"))
    whole = f"{country}{98 - as_number % 97:02}{body}"
    return " ".join(whole[i : i + 4] for i in range(0, len(whole), 4)) if chance.random() < 0.5 else whole


def _identity(chance: Random) -> str:
    kind = chance.randrange(3)
    if kind == 0:
        gap = chance.choice("- ")
        return f"{chance.randint(100, 665)}{gap}{chance.randint(10, 99)}{gap}{chance.randint(1000, 9999)}"
    if kind == 1:
        return _filled(chance.choice(("AB ## ## ## C", "JK######D", "PW ## ## ## A")), chance)
    body = f"11010519{chance.randint(50, 99)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{_number(chance, 3)}"
    return body + "10X98765432"[sum(int(each) * pow(2, 17 - i, 11) for i, each in enumerate(body)) % 11]


def _key(chance: Random) -> str:
    upper = string.ascii_uppercase + string.digits
    made: Sequence[Callable[[], str]] = (
        lambda: f"sk-{_mixed(chance, 48)}", lambda: f"sk_live_{_mixed(chance, 24)}",
        lambda: f"AKIA{_mixed(chance, 16, upper)}",
        lambda: f"ghp_{_mixed(chance, 36)}", lambda: f"github_pat_{_mixed(chance, 22)}_{_mixed(chance, 59)}",
        lambda: f"glpat-{_mixed(chance, 20)}", lambda: f"xoxb-{_number(chance, 12)}-{_mixed(chance, 24)}",
        lambda: f"AIza{_mixed(chance, 35)}", lambda: f"hf_{_mixed(chance, 34)}", lambda: f"npm_{_mixed(chance, 36)}",
        lambda: f"eyJ{_mixed(chance, 33)}.eyJ{_mixed(chance, 60)}.{_mixed(chance, 43)}",
    )  # fmt: skip
    return chance.choice(made)()


def _login(chance: Random) -> str:
    return f"{chance.choice(_FIRST).lower()}:{_mixed(chance, 10)}"


def _name(chance: Random) -> str:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    return chance.choice(
        (f"{first} {last}", f"{first} {chance.choice(string.ascii_uppercase)}. {last}", last.split()[-1])
    )


#: Kind of a detail to what makes one.
DETAILS: Mapping[str, Callable[[Random], str]] = {
    "mail": _mail, "phone": _phone, "address": _address, "card": _card, "account": _account,
    "identity": _identity, "key": _key, "login": _login, "name": _name,
}  # fmt: skip

#: Places of any detail but names and logins, and of these. Patterns were written with a view to the first ones ...
SHOWN: Mapping[str, Sequence[str]] = {
    "": ("My number is {}.", "Please use {} from now on.", "{}", "contact: {}, thanks"),
    "name": ("My name is {}.", "Ask Mr {} about it.", "Dr. {} said so."),
    "login": ("https://{}@example.org/x",),
}
#: ... and are measured by these.
HELD_OUT: Mapping[str, Sequence[str]] = {
    "": (
        "Why would somebody write {} on the wall of a zoo?", "I lost it ({}); what should I do?",
        'It said "{}" in the letter.',
        "Where do people keep {}, at home or at work?", "old={} new=none", "请问{}是谁的？", "Was it {}? Or <{}>?",
        "First line\n{}\nlast line", "They sent it to {}; nobody answered.", "Is {}, by any chance, still in use?",
    ),
    "name": (
        "Hello, my name is {} and I own a penguin.", "Is Mrs. {} at the bank?", "Yesterday Prof. {} lost her keys.",
        "They call me {} at work.", "Dear {}, where is the oven?", "I'm called {}, by the way.", "Name: {}",
        "Where would Ms {} keep a fish?", "Kind regards, {}", "Hi, this is {} speaking.", "She is {}, my neighbour.",
    ),
    "login": (
        "Why does ftp://{}@files.example.org:21/a/b fail?", "git clone https://{}@example.com/x.git",
        "It is postgresql://{}@db.example.org/app, I think.",
    ),
}  # fmt: skip
#: What is nobody's: dates, sums, versions, codes, names that stand for no person.
INNOCENT = (
    "Where would you find a penguin?", "The war lasted from 19## to 19##.", "It happened on 2#/0N/199#.",
    "On 199N-0N-1# it rained.",
    "Version N.1#.# came after N.#.", "The train leaves at 1#:3# and 0N:4#:1#.", "It costs $N,###,###.50 or so.",
    "Is 3.14159##### close to pi?", "Room N##, row 1#, seat N##.", "ISBN 978-3-16-1N####-#",
    "Order no. N####### has come.",
    "Between 1#,### and N#,### people live there.", "What is N### times N###?", "Dr Pepper is a drink.",
    "call me later, at N",
    "My name is on the list.", "a::b and std::vector<int>", "follow @penguins on the net", "Chapter 1.N.#, page N##",
    "The population was N #00 000 in 190#.", "Coordinates: 5N.5###, -0.1###", "password managers are useful",
    "The secret is to stay calm.", "https://example.org/a@b?x=N", "The score was N#-1#-N.", "我叫了外卖。",
    "Who is the Dear Leader?", "一共N###元。", "An ip of N00.###.1.1", "They text N times a day.",
)  # fmt: skip


def details(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """Kinds and details, all kinds equally often."""
    chance = Random(seed)
    for place in range(count):
        kind = list(DETAILS)[place % len(DETAILS)]
        yield kind, DETAILS[kind](chance)


def samples(templates: Mapping[str, Sequence[str]], seed: int, count: int, innocent: float = 0.2) -> Iterator[Sample]:
    """Texts, each with a detail or, by that share, without one.

    Args:
        templates: places of details by their kind.
        seed: of chance.
        count: of texts.
        innocent: share of texts without a detail.
    """
    chance = Random(seed)
    for kind, detail in details(seed, count):
        if chance.random() < innocent:
            yield Sample(_filled(chance.choice(INNOCENT), chance))
            continue
        before, _, after = chance.choice(templates.get(kind, templates[""])).partition("{}")
        yield Sample(before + detail + after.replace("{}", "it"), kind, len(before), len(before) + len(detail))
