"""What stands in a sentence's {slots}: one set per ticket, so that a ticket agrees with itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from data.generator.chance import Chance
from data.generator.phrasebook import Phrases

FEW_WORDS = ("two", "three", "four", "five")
HOST_KINDS = ("ac", "ap", "fw", "gw", "lt", "pos", "prn", "srv")


def fill_slots(
    chance: Chance, at: datetime, pools: Mapping[str, Phrases], *, new_words: float
) -> dict[str, str]:
    """Slot name -> text for one ticket written at `at`; `new_words`: share with new products."""
    slots = {slot: chance.pick(values) for slot, values in pools.items()}
    for slot in ("product", "item"):
        if chance.happens(new_words):
            slots[slot] = chance.pick(pools[f"new_{slot}"])
    slots |= _numbers(chance) | _hosts(chance, slots["place"])
    return slots | _references(chance, slots["currency"]) | _times(chance, at)


def _numbers(chance: Chance) -> dict[str, str]:
    few = chance.number(2, 5)
    return {
        "few": FEW_WORDS[few - 2] if chance.happens(0.6) else str(few),
        "many": str(chance.number(12, 90) if chance.happens(0.6) else chance.number(91, 480)),
        "percent": str(chance.number(1, 18) * 5),
        "minutes": str(chance.number(3, 55)),
        "temp": str(chance.number(30, 36)),
        "ext": str(chance.number(1010, 9890)),
        "account": str(chance.number(100_000, 990_000)),
    }


def _hosts(chance: Chance, place: str) -> dict[str, str]:
    return {kind: f"{kind}-{place}-{chance.number(1, 28):02d}" for kind in HOST_KINDS}


def _references(chance: Chance, currency: str) -> dict[str, str]:
    five, digit = chance.number(10_000, 99_999), chance.number(1, 9)
    four, three = five % 10_000, five % 1000
    codes = (f"E-{three:03d}", f"0x8007{four:04d}", "502", "503", "ERR_TIMEOUT", f"{four}")
    whole = chance.number(3, 95) * 10
    return {
        "order": chance.pick((f"#{five}", f"SO-{five}", f"1004-{five}")),
        "invoice": chance.pick((f"INV-{five}", f"RE{five}", f"2025/{five}")),
        "ref": chance.pick((f"INC-{five + 7}", f"#{five + 7}", f"ticket {five + 7}")),
        "code": chance.pick(codes),
        "room": chance.pick((f"B1{digit}2", f"2.0{digit}", f"C{digit}", f"{digit}.14")),
        "version": chance.pick((f"{digit}.2", f"{digit}.4.{five % 10}", f"25.{digit}")),
        "amount": currency.format(chance.pick((f"{whole}", f"{whole}.50", f"{digit},{three:03d}"))),
    }


def _times(chance: Chance, at: datetime) -> dict[str, str]:
    """Times that fit the moment of writing: trouble began before it, deadlines lie after it."""
    began = at - timedelta(minutes=chance.number(2, 30) * 5)
    clock = f"{began.hour}:{began.minute // 5 * 5:02d}"
    hour = f"{min(at.hour + chance.number(1, 4), 23)}:00"
    since, due = chance.pick(_since(at, clock)), chance.pick(_due(at, hour))
    now = f"{at.hour}:{at.minute:02d}"
    return {"now": now, "clock": clock, "hour": hour, "since": since, "due": due}


def _since(at: datetime, clock: str) -> Phrases:
    always = (f"since {clock}", f"since about {clock}", "since yesterday", "since last night")
    return (*always, "since this morning", "since this morning") if 9 <= at.hour < 18 else always


def _due(at: datetime, hour: str) -> Phrases:
    if at.hour >= 17:
        return ("tomorrow at 8:00", "tomorrow at 9:00", "first thing tomorrow")
    always = (f"at {hour}", f"at {hour} today", "in two hours", "tonight", "tomorrow morning")
    return (*always, "this afternoon") if at.hour < 12 else always
