"""Facts put into words, as people write by mail, in chat, on the phone and through forms."""

from collections.abc import Mapping

from data.generator.chance import Chance
from data.generator.incident_facts import IncidentFacts
from data.generator.phrasebook import Phrasebook, Phrases

DETAILS = {"email": (0, 3), "web": (0, 3), "chat": (0, 1), "phone": (0, 2), "api": (0, 2)}
LONG_WINDED = {"email": 0.25, "web": 0.12, "chat": 0.02, "phone": 0.06, "api": 0.0}


class Writer:
    """Writes one ticket from its facts, with phrases of the book and what stands in their slots."""

    def __init__(
        self, chance: Chance, book: Phrasebook, slots: Mapping[str, str], facts: IncidentFacts
    ) -> None:
        self._chance, self._book, self._facts = chance, book, facts
        thing, since = facts.incident.thing, slots["since"]
        names = {"thing": thing, "Thing": _capital(thing), "Since": _capital(since)}
        self._slots = {**slots, **names}

    def write(self) -> tuple[str, str]:
        """Title and description; some chats have no title."""
        title, body = self._title(), self._body()
        is_chat = self._facts.source == "chat"
        if is_chat and self._chance.happens(0.5):
            title, body = title.lower(), body.lower().rstrip(".")
        if is_chat and self._chance.happens(0.05):
            title = ""
        return self._typos(title, 0.04), self._typos(body, 0.25)

    def _say(self, phrases: Phrases) -> str:
        return self._chance.pick(phrases).format_map(self._slots)

    def _common(self, key: str) -> Phrases:
        return self._book.common["live"][key]

    def _own(self, pool: str) -> Phrases:
        """The incident's phrases for its opening, or what everybody says."""
        return self._facts.incident.fitting(pool, self._facts.opening) or self._common(pool)

    def _title(self) -> str:
        facts, chance = self._facts, self._chance
        live = facts.mode == "live"
        titles = self._own("titles") if live else self._book.common[facts.mode]["titles"]
        title = _capital(self._say(titles))
        if chance.happens(0.2 if {"pushing", "alarm"} & set(facts.traits) else 0.02):
            title = chance.pick(self._common("title_push")) + title
        elif facts.source == "email" and chance.happens(0.12):
            title = chance.pick(self._common("title_reply")) + title
        return title.upper() if chance.happens(0.02) else title

    def _body(self) -> str:
        sentences = self._live() if self._facts.mode == "live" else self._borrowed()
        return self._frame(self._paragraphs(sentences))

    def _live(self) -> list[str]:
        """What happened first, everything else after it in any order."""
        traits = self._facts.traits
        before = [self._say(self._common("reopened"))] if "reopened" in traits else []
        after = [self._say(self._own(trait)) for trait in traits if trait != "reopened"]
        after += self._details() + self._background()
        opening = self._say(self._own("opening"))
        return [*before, opening, *self._chance.sample(after, len(after))]

    def _details(self) -> list[str]:
        pool = self._facts.incident.phrases["detail"] + self._common("detail")
        if self._facts.source == "phone":
            pool = tuple(phrase for phrase in pool if "attach" not in phrase)
        return self._some(pool, *DETAILS[self._facts.source])

    def _background(self) -> list[str]:
        """Some people tell the whole history."""
        long_winded = self._chance.happens(LONG_WINDED[self._facts.source])
        return self._some(self._common("background"), 1, 3) if long_winded else []

    def _some(self, phrases: Phrases, low: int, high: int) -> list[str]:
        chosen = self._chance.sample(phrases, self._chance.number(low, high))
        return [phrase.format_map(self._slots) for phrase in chosen]

    def _borrowed(self) -> list[str]:
        pools = self._book.common[self._facts.mode]
        return [self._say(pools["first"]), *self._some(pools["second"], 1, 3)]

    def _paragraphs(self, sentences: list[str]) -> str:
        """Mails break long texts into paragraphs, the other channels rarely do."""
        gap = 0.3 if self._facts.source == "email" else 0.06
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("\n\n" if self._chance.happens(gap) else " ") + _capital(sentence)
        return text

    def _frame(self, text: str) -> str:
        """The text with what the channel adds: greeting and signature, or the header of a form."""
        source, chance = self._facts.source, self._chance
        if source in ("phone", "api"):
            header = self._say(self._book.common["header"][source])
            return f"{header}\n{text}" if chance.happens(0.6) else text
        formal = source == "email"
        if chance.happens(0.7 if formal else 0.2):
            text = chance.pick(self._common("greeting")) + ("\n\n" if formal else " ") + text
        if chance.happens(0.75 if formal else 0.15):
            text += ("\n\n" if formal else " ") + self._say(self._common("closing"))
        return text

    def _typos(self, text: str, probability: float) -> str:
        if not text or not self._chance.happens(probability):
            return text
        words = text.split(" ")
        for _ in range(self._chance.number(1, 3)):
            place = self._chance.number(0, len(words) - 1)
            words[place] = _mistype(self._chance, words[place])
        return " ".join(words)


def _mistype(chance: Chance, word: str) -> str:
    """Two letters swapped, one lost or one doubled; short words and codes stay as they are."""
    if len(word) < 5 or not word.isalpha():
        return word
    i = chance.number(1, len(word) - 3)
    before, letter, after = word[:i], word[i], word[i + 1 :]
    swapped = before + after[0] + letter + after[1:]
    return chance.pick((swapped, before + after, before + letter + letter + after))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
