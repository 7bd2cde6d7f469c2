"""Facts put into words, as people write by mail, in chat, on the phone and through forms."""

from functools import cache

from data.generator.chance import Chance
from data.generator.incident_facts import IncidentFacts
from data.generator.phrasebook import Incident, Phrasebook, Phrases
from data.generator.slots import Slots, capital

DETAILS = {"email": (0, 3), "web": (0, 3), "chat": (0, 1), "phone": (0, 2), "api": (0, 2)}
LONG_WINDED = {"email": 0.25, "web": 0.12, "chat": 0.02, "phone": 0.06, "api": 0.0}


class Writer:
    """Writes one ticket from its facts, with phrases of the book and what stands in their slots."""

    def __init__(
        self, chance: Chance, book: Phrasebook, slots: Slots, facts: IncidentFacts
    ) -> None:
        self._chance, self._book, self._slots, self._facts = chance, book, slots, facts

    def write(self) -> tuple[str, str]:
        """Title and description; some chats have no title, many short tickets no description."""
        if self._facts.short:
            return self._short()
        title, body = self._title(), self._body()
        is_chat = self._facts.source == "chat"
        if is_chat and self._chance.happens(0.5):
            title, body = title.lower(), body.lower().rstrip(".")
        if is_chat and self._chance.happens(0.05):
            title = ""
        return self._typos(title, 0.04), self._typos(body, 0.25)

    def _short(self) -> tuple[str, str]:
        """One line as title, or as description where the channel knows no titles, and what adds."""
        line, more = self._headline(), self._below()
        if self._chance.happens(0.4):
            line, more = line.lower().rstrip("."), more.lower().rstrip(".")
        line = self._typos(line, 0.05)
        if self._chance.happens(0.7 if self._facts.source == "chat" else 0.35):
            return "", line + (f"{'' if line.endswith('?') else '.'} {more}" if more else "")
        return line, more

    def _headline(self) -> str:
        facts, book = self._facts, self._book
        if facts.mode != "live":
            return self._slots.say(book.common[facts.mode]["titles"])
        for trait, phrases in book.common["headline"].items():
            if trait in facts.traits:
                return self._slots.say(phrases)
        return capital(self._slots.say(self._own("titles")))

    def _below(self) -> str:
        headlines = self._book.common["headline"]
        more = [trait for trait in self._facts.traits if trait not in headlines]
        return " ".join(self._slots.say(self._own(trait)) for trait in more)

    def _common(self, key: str) -> Phrases:
        return self._book.common["live"][key]

    def _own(self, pool: str) -> Phrases:
        """The incident's phrases for its opening, or what everybody says."""
        return self._facts.incident.fitting(pool, self._facts.opening) or self._common(pool)

    def _title(self) -> str:
        facts, chance = self._facts, self._chance
        live = facts.mode == "live"
        titles = self._own("titles") if live else self._book.common[facts.mode]["titles"]
        title = capital(self._slots.say(titles))
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
        before = [self._slots.say(self._common("reopened"))] if "reopened" in traits else []
        after = [self._slots.say(self._own(trait)) for trait in traits if trait != "reopened"]
        after += self._details() + self._background()
        opening = self._slots.say(self._own("opening"))
        return [*before, opening, *self._chance.sample(after, len(after))]

    def _details(self) -> list[str]:
        source = self._facts.source
        shared = self._common("detail")
        pool = _detail_pool(self._facts.incident, shared, can_attach=source != "phone")
        return self._some(pool, *DETAILS[source])

    def _background(self) -> list[str]:
        """Some people tell the whole history."""
        long_winded = self._chance.happens(LONG_WINDED[self._facts.source])
        return self._some(self._common("background"), 1, 3) if long_winded else []

    def _some(self, phrases: Phrases, low: int, high: int) -> list[str]:
        chosen = self._chance.sample(phrases, self._chance.number(low, high))
        return [phrase.format_map(self._slots) for phrase in chosen]

    def _borrowed(self) -> list[str]:
        pools = self._book.common[self._facts.mode]
        return [self._slots.say(pools["first"]), *self._some(pools["second"], 1, 3)]

    def _paragraphs(self, sentences: list[str]) -> str:
        """Mails break long texts into paragraphs, the other channels rarely do."""
        gap = 0.3 if self._facts.source == "email" else 0.06
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("\n\n" if self._chance.happens(gap) else " ") + capital(sentence)
        return text

    def _frame(self, text: str) -> str:
        """The text with what the channel adds: greeting and signature, or the header of a form."""
        source, chance = self._facts.source, self._chance
        if source in ("phone", "api"):
            header = self._slots.say(self._book.common["header"][source])
            return f"{header}\n{text}" if chance.happens(0.6) else text
        formal = source == "email"
        if chance.happens(0.7 if formal else 0.2):
            text = chance.pick(self._common("greeting")) + ("\n\n" if formal else " ") + text
        if chance.happens(0.75 if formal else 0.15):
            text += ("\n\n" if formal else " ") + self._slots.say(self._common("closing"))
        return text

    def _typos(self, text: str, probability: float) -> str:
        if not text or not self._chance.happens(probability):
            return text
        words = text.split(" ")
        for _ in range(self._chance.number(1, 3)):
            place = self._chance.number(0, len(words) - 1)
            words[place] = _mistype(self._chance, words[place])
        return " ".join(words)


@cache
def _detail_pool(incident: Incident, shared: Phrases, *, can_attach: bool) -> Phrases:
    pool = incident.phrases["detail"] + shared
    return tuple(phrase for phrase in pool if can_attach or "attach" not in phrase)


def _mistype(chance: Chance, word: str) -> str:
    """Two letters swapped, one lost or one doubled; short words and codes stay as they are."""
    if len(word) < 5 or not word.isalpha():
        return word
    i = chance.number(1, len(word) - 3)
    before, letter, after = word[:i], word[i], word[i + 1 :]
    swapped = before + after[0] + letter + after[1:]
    return chance.pick((swapped, before + after, before + letter + letter + after))
