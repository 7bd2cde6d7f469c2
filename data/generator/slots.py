"""What stands in a sentence's {slots}: one set per ticket, so that a ticket agrees with itself."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from data.generator.chance import Chance
from data.generator.phrasebook import Phrases

FEW_WORDS = ("two", "three", "four", "five")


class Slots(dict[str, str]):
    """Slot name -> text for one ticket written at `at`, drawn when a sentence first asks for it.

    `thing` is what the ticket is about; `new_words` is the share with new products.
    """

    def __init__(
        self,
        chance: Chance,
        at: datetime,
        pools: Mapping[str, Phrases],
        *,
        thing: str,
        new_words: float,
    ) -> None:
        super().__init__(thing=thing)
        self.chance, self.at, self._pools, self._new_words = chance, at, pools, new_words

    def __missing__(self, slot: str) -> str:
        make = MAKERS.get(slot)
        text = self[slot] = make(self) if make else self._from_pool(slot)
        return text

    def _from_pool(self, slot: str) -> str:
        new = f"new_{slot}"
        is_new = new in self._pools and self.chance.happens(self._new_words)
        return self.say(self._pools[new if is_new else slot])

    def say(self, phrases: Phrases) -> str:
        """One of the phrases, its slots filled."""
        phrase = self.chance.pick(phrases)
        return phrase.format_map(self) if "{" in phrase else phrase


Maker = Callable[[Slots], str]


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def _between(low: int, high: int) -> Maker:
    return lambda slots: str(slots.chance.number(low, high))


def _coded(*patterns: str) -> Maker:
    """One of the patterns with a number of five digits in it."""
    return lambda slots: slots.chance.pick(patterns).format(slots.chance.number(10_000, 99_999))


def _host(kind: str) -> Maker:
    return lambda slots: f"{kind}-{slots['place']}-{slots.chance.number(1, 28):02d}"


def _few(slots: Slots) -> str:
    few = slots.chance.number(2, 5)
    return FEW_WORDS[few - 2] if slots.chance.happens(0.6) else str(few)


def _many(slots: Slots) -> str:
    few = slots.chance.happens(0.6)
    return str(slots.chance.number(12, 90) if few else slots.chance.number(91, 480))


def _code(slots: Slots) -> str:
    four = slots.chance.number(1000, 9999)
    codes = (f"E-{four % 1000:03d}", f"0x8007{four}", "502", "503", "ERR_TIMEOUT", str(four))
    return slots.chance.pick(codes)


def _room(slots: Slots) -> str:
    digit = slots.chance.number(1, 9)
    return slots.chance.pick((f"B1{digit}2", f"2.0{digit}", f"C{digit}", f"{digit}.14"))


def _version(slots: Slots) -> str:
    major, minor = slots.chance.number(1, 9), slots.chance.number(0, 9)
    return slots.chance.pick((f"{major}.2", f"{major}.4.{minor}", f"25.{major}"))


def _figure(slots: Slots) -> str:
    tens, thousands = slots.chance.number(3, 95) * 10, slots.chance.number(1000, 9999)
    return slots.chance.pick((f"{tens}", f"{tens}.50", f"{thousands:,}"))


def _clock(slots: Slots) -> str:
    """Trouble began before the ticket was written."""
    began = slots.at - timedelta(minutes=slots.chance.number(2, 30) * 5)
    return f"{began.hour}:{began.minute // 5 * 5:02d}"


def _hour(slots: Slots) -> str:
    return f"{min(slots.at.hour + slots.chance.number(1, 4), 23)}:00"


def _since(slots: Slots) -> str:
    clock = slots["clock"]
    options: Phrases = (
        f"since {clock}",
        f"since about {clock}",
        "since yesterday",
        "since last night",
    )
    if 9 <= slots.at.hour < 18:
        options = (*options, "since this morning", "since this morning")
    return slots.chance.pick(options)


def _due(slots: Slots) -> str:
    """Deadlines lie after the moment of writing."""
    hour, at = slots["hour"], slots.at
    if at.hour >= 17:
        return slots.chance.pick(("tomorrow at 8:00", "tomorrow at 9:00", "first thing tomorrow"))
    options: Phrases = ("today", f"at {hour}", f"at {hour} today", "in two hours", "tonight")
    options += ("this afternoon",) if at.hour < 12 else ("tomorrow morning",)
    return slots.chance.pick(options)


MAKERS: dict[str, Maker] = {
    "Thing": lambda slots: capital(slots["thing"]),
    "bare": lambda slots: slots["thing"].removeprefix("the "),
    "Bare": lambda slots: capital(slots["bare"]),
    "few": _few,
    "many": _many,
    "percent": lambda slots: str(slots.chance.number(1, 18) * 5),
    "minutes": _between(3, 55),
    "temp": _between(30, 36),
    "ext": _between(1010, 9890),
    "account": _between(100_000, 990_000),
    "order": _coded("#{}", "SO-{}", "1004-{}"),
    "invoice": _coded("INV-{}", "RE{}", "2025/{}"),
    "ref": _coded("INC-{}", "#{}", "ticket {}"),
    "code": _code,
    "room": _room,
    "version": _version,
    "figure": _figure,
    "now": lambda slots: f"{slots.at.hour}:{slots.at.minute:02d}",
    "clock": _clock,
    "hour": _hour,
    "since": _since,
    "Since": lambda slots: capital(slots["since"]),
    "due": _due,
} | {kind: _host(kind) for kind in ("ac", "ap", "fw", "gw", "lt", "pos", "prn", "srv")}
