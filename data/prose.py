"""Stories put into words, the way people write by mail, in chat, on the phone and through forms."""

from collections.abc import Mapping

from data.dice import Dice
from data.phrasebook import Phrasebook, Phrases
from data.story import Story

DETAILS = {"email": (0, 3), "web": (0, 3), "chat": (0, 1), "phone": (0, 2), "api": (0, 2)}
OWN_PHRASES = ("grave", "mild", "broad", "narrow", "near", "far")


class Writer:
    """Tells one story; holds the dice, the phrases and what stands in the slots."""

    def __init__(self, dice: Dice, book: Phrasebook, slots: Mapping[str, str], story: Story) -> None:
        self._dice, self._book, self._story = dice, book, story
        thing = story.incident.thing
        self._slots = {**slots, "thing": thing, "Thing": _capital(thing), "Since": _capital(slots["since"])}

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

    def _title(self) -> str:
        story, dice = self._story, self._dice
        titles = story.incident.titles if story.mode == "live" else self._book.common[story.mode]["titles"]
        title = self._say(titles)
        if dice.chance(0.25 if "pushing" in story.traits else 0.02):
            title = dice.pick(self._common("title_push")) + title
        elif story.source == "email" and dice.chance(0.12):
            title = dice.pick(self._common("title_reply")) + title
        return title.upper() if dice.chance(0.02) else title

    def _body(self) -> str:
        sentences = self._live() if self._story.mode == "live" else self._borrowed()
        return self._frame(self._paragraphs(sentences))

    def _live(self) -> list[str]:
        """Opening first, the facts after it in any order, sometimes the grievance before everything."""
        story, dice = self._story, self._dice
        facts = [self._say(self._trait_phrases(trait)) for trait in sorted(story.traits - {"reopened"})]
        low, high = DETAILS[story.source]
        details = dice.sample(story.incident.detail + self._common("detail"), dice.number(low, high))
        facts += [detail.format_map(self._slots) for detail in details]
        before = [self._say(self._common("reopened"))] if "reopened" in story.traits else []
        return [*before, self._say(story.incident.opening), *dice.sample(facts, len(facts))]

    def _trait_phrases(self, trait: str) -> Phrases:
        if trait in OWN_PHRASES:
            phrases: Phrases = getattr(self._story.incident, trait)
            return phrases
        return self._common(trait)

    def _borrowed(self) -> list[str]:
        pools = self._book.common[self._story.mode]
        second = self._dice.sample(pools["second"], self._dice.number(1, 3))
        return [self._say(pools["first"]), *(sentence.format_map(self._slots) for sentence in second)]

    def _paragraphs(self, sentences: list[str]) -> str:
        """Mails break long texts into paragraphs, the other channels rarely do."""
        gap = 0.3 if self._story.source == "email" else 0.06
        text = sentences[0]
        for sentence in sentences[1:]:
            text += ("\n\n" if self._dice.chance(gap) else " ") + _capital(sentence)
        return text

    def _frame(self, text: str) -> str:
        """What the channel puts around the text: greeting and signature, or the header of a note or a form."""
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
    return dice.pick((word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[:i] + word[i + 1 :], word[: i + 1] + word[i:]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
