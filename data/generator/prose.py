"""Stories put into words, the way people write by mail, in chat, on the phone and through forms."""

from collections.abc import Mapping

from data.generator.chance import Dice
from data.generator.incident_facts import Story
from data.generator.phrasebook import Phrasebook, Phrases

DETAILS = {"email": (0, 3), "web": (0, 3), "chat": (0, 1), "phone": (0, 2), "api": (0, 2)}
LONG_WINDED = {"email": 0.25, "web": 0.12, "chat": 0.02, "phone": 0.06, "api": 0.0}


class Writer:
    """Tells one story; holds the dice, the phrases and what stands in the slots."""

    def __init__(
        self, dice: Dice, book: Phrasebook, slots: Mapping[str, str], story: Story
    ) -> None:
        self._dice, self._book, self._story = dice, book, story
        thing = story.incident.thing
        self._slots = {
            **slots,
            "thing": thing,
            "Thing": _capital(thing),
            "Since": _capital(slots["since"]),
        }

    def write(self) -> tuple[str, str]:
        """Title and description; one of a hundred chats has no title."""
        title, body = self._title(), self._body()
        if self._story.source == "chat" and self._dice.chance(0.5):
            title, body = title.lower(), body.lower().rstrip(".")
        if self._story.source == "chat" and self._dice.chance(0.05):
            title = ""
        return (self._typos(title, 0.04), self._typos(body, 0.25))

    def _say(self, phrases: Phrases) -> str:
        return self._dice.pick(phrases).format_map(self._slots)

    def _common(self, key: str) -> Phrases:
        return self._book.common["live"][key]

    def _own(self, pool: str) -> Phrases:
        """The incident's phrases for its opening, or what everybody says."""
        return self._story.incident.fitting(pool, self._story.opening) or self._common(pool)

    def _title(self) -> str:
        story, dice = self._story, self._dice
        titles = (
            self._own("titles") if story.mode == "live" else self._book.common[story.mode]["titles"]
        )
        title = _capital(self._say(titles))
        if dice.chance(0.2 if {"pushing", "alarm"} & set(story.traits) else 0.02):
            title = dice.pick(self._common("title_push")) + title
        elif story.source == "email" and dice.chance(0.12):
            title = dice.pick(self._common("title_reply")) + title
        return title.upper() if dice.chance(0.02) else title

    def _body(self) -> str:
        sentences = self._live() if self._story.mode == "live" else self._borrowed()
        return self._frame(self._paragraphs(sentences))

    def _live(self) -> list[str]:
        """What happened first, everything else after it in any order."""
        traits, dice = self._story.traits, self._dice
        before = [self._say(self._common("reopened"))] if "reopened" in traits else []
        facts = [self._say(self._own(trait)) for trait in traits if trait != "reopened"]
        facts += self._details() + self._background()
        return [*before, self._say(self._own("opening")), *dice.sample(facts, len(facts))]

    def _details(self) -> list[str]:
        pool = self._story.incident.phrases["detail"] + self._common("detail")
        if self._story.source == "phone":
            pool = tuple(phrase for phrase in pool if "attach" not in phrase)
        return self._some(pool, *DETAILS[self._story.source])

    def _background(self) -> list[str]:
        """Some people tell the whole story."""
        long_winded = self._dice.chance(LONG_WINDED[self._story.source])
        return self._some(self._common("background"), 1, 3) if long_winded else []

    def _some(self, phrases: Phrases, low: int, high: int) -> list[str]:
        chosen = self._dice.sample(phrases, self._dice.number(low, high))
        return [phrase.format_map(self._slots) for phrase in chosen]

    def _borrowed(self) -> list[str]:
        pools = self._book.common[self._story.mode]
        return [self._say(pools["first"]), *self._some(pools["second"], 1, 3)]

    def _paragraphs(self, sentences: list[str]) -> str:
        """Mails break long texts into paragraphs, the other channels rarely do."""
        gap = 0.3 if self._story.source == "email" else 0.06
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("\n\n" if self._dice.chance(gap) else " ") + _capital(sentence)
        return text

    def _frame(self, text: str) -> str:
        """What the channel puts around the text: greeting and signature, or the header of a note or
        a form.
        """
        source, dice = self._story.source, self._dice
        if source in ("phone", "api"):
            header = self._say(self._book.common["header"][source])
            return f"{header}\n{text}" if dice.chance(0.6) else text
        formal = source == "email"
        if dice.chance(0.7 if formal else 0.2):
            text = dice.pick(self._common("greeting")) + ("\n\n" if formal else " ") + text
        if dice.chance(0.75 if formal else 0.15):
            text += ("\n\n" if formal else " ") + self._say(self._common("closing"))
        return text

    def _typos(self, text: str, probability: float) -> str:
        if not text or not self._dice.chance(probability):
            return text
        words = text.split(" ")
        for _ in range(self._dice.number(1, 3)):
            place = self._dice.number(0, len(words) - 1)
            words[place] = _mistype(self._dice, words[place])
        return " ".join(words)


def _mistype(dice: Dice, word: str) -> str:
    """Two letters swapped, one lost or one doubled; short words and codes stay as they are."""
    if len(word) < 5 or not word.isalpha():
        return word
    i = dice.number(1, len(word) - 3)
    before, letter, after = word[:i], word[i], word[i + 1 :]
    return dice.pick(
        (before + after[0] + letter + after[1:], before + after, before + letter + letter + after)
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
