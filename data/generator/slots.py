"""What stands in a sentence's {slots}: one set per ticket, so that a ticket agrees with itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from data.generator.chance import Dice
from data.generator.phrasebook import Phrases

FEW_WORDS = ("two", "three", "four", "five")
HOST_KINDS = ("ac", "ap", "fw", "gw", "lt", "pos", "prn", "srv")


def fill_slots(
    dice: Dice, at: datetime, pools: Mapping[str, Phrases], *, new_words: float
) -> dict[str, str]:
    """Slot name -> text for one ticket written at `at`; `new_words`: share that names new products."""
    filled = {slot: dice.pick(values) for slot, values in pools.items()}
    for slot in ("product", "item"):
        if dice.chance(new_words):
            filled[slot] = dice.pick(pools[f"new_{slot}"])
    filled |= _numbers(dice) | _hosts(dice, filled["place"]) | _references(dice, filled["currency"])
    return filled | _times(dice, at)


def _numbers(dice: Dice) -> dict[str, str]:
    few = dice.number(2, 5)
    return {
        "few": FEW_WORDS[few - 2] if dice.chance(0.6) else str(few),
        "many": str(dice.number(12, 90) if dice.chance(0.6) else dice.number(91, 480)),
        "percent": str(dice.number(1, 18) * 5),
        "minutes": str(dice.number(3, 55)),
        "temp": str(dice.number(30, 36)),
        "ext": str(dice.number(1010, 9890)),
        "account": str(dice.number(100_000, 990_000)),
    }


def _hosts(dice: Dice, place: str) -> dict[str, str]:
    return {kind: f"{kind}-{place}-{dice.number(1, 28):02d}" for kind in HOST_KINDS}


def _references(dice: Dice, currency: str) -> dict[str, str]:
    five, digit = dice.number(10_000, 99_999), dice.number(1, 9)
    codes = (
        f"E-{five % 1000:03d}",
        f"0x8007{five % 10_000:04d}",
        "502",
        "503",
        "ERR_TIMEOUT",
        f"{five % 10_000}",
    )
    whole = dice.number(3, 95) * 10
    return {
        "order": dice.pick((f"#{five}", f"SO-{five}", f"1004-{five}")),
        "invoice": dice.pick((f"INV-{five}", f"RE{five}", f"2025/{five}")),
        "ref": dice.pick((f"INC-{five + 7}", f"#{five + 7}", f"ticket {five + 7}")),
        "code": dice.pick(codes),
        "room": dice.pick((f"B1{digit}2", f"2.0{digit}", f"C{digit}", f"{digit}.14")),
        "version": dice.pick((f"{digit}.2", f"{digit}.4.{five % 10}", f"25.{digit}")),
        "amount": currency.format(
            dice.pick((str(whole), f"{whole}.50", f"{digit},{five % 1000:03d}"))
        ),
    }


def _times(dice: Dice, at: datetime) -> dict[str, str]:
    """Times that fit the moment of writing: trouble began before it, deadlines lie after it."""
    began = at - timedelta(minutes=dice.number(2, 30) * 5)
    clock = f"{began.hour}:{began.minute // 5 * 5:02d}"
    hour = f"{min(at.hour + dice.number(1, 4), 23)}:00"
    since, due = dice.pick(_since(at, clock)), dice.pick(_due(at, hour))
    return {
        "now": f"{at.hour}:{at.minute:02d}",
        "clock": clock,
        "hour": hour,
        "since": since,
        "due": due,
    }


def _since(at: datetime, clock: str) -> Phrases:
    always = (f"since {clock}", f"since about {clock}", "since yesterday", "since last night")
    return (*always, "since this morning", "since this morning") if 9 <= at.hour < 18 else always


def _due(at: datetime, hour: str) -> Phrases:
    if at.hour >= 17:
        return ("tomorrow at 8:00", "tomorrow at 9:00", "first thing tomorrow")
    always = (f"at {hour}", f"at {hour} today", "in two hours", "tonight", "tomorrow morning")
    return (*always, "this afternoon") if at.hour < 12 else always
