"""Words that push: the right ones, on the right side, and none of a few tickets."""

from __future__ import annotations

from jobs.report.telling_words import SHOWN, TICKETS_LEAST, telling_words
from tests.jobs.test_training import Workshop, tickets
from tests.support.job.frames import CALM, URGENT
from urgency.scorer import verified_scorer


def test_words_of_many_tickets_are_named_on_their_side_with_their_count() -> None:
    workshop = Workshop()
    body = tickets(400)
    workshop.drop("tickets.csv", body)
    manifest = workshop.commit()
    snapshot = workshop.registry.snapshot(manifest.version)
    assert snapshot
    data = workshop.trainer.read(snapshot.files).data
    found = telling_words(data, verified_scorer(workshop.registry.bundle(1)))
    up, down = ([each["word"] for each in found[side]] for side in ("up", "down"))
    assert set(up[:6]) == set(URGENT)
    assert set(down[:6]) == set(CALM)
    texts = [text.whole.split() for text in data.texts.values()]
    for side, sign in (("up", 1), ("down", -1)):
        weights = [sign * each["weight"] for each in found[side]]
        assert weights == sorted(weights, reverse=True)
        assert min(weights) > 0
        assert len(weights) <= SHOWN
        for each in found[side]:
            assert each["tickets"] == sum(each["word"] in words for words in texts)
            assert each["tickets"] >= TICKETS_LEAST


def test_few_tickets_name_nothing() -> None:
    workshop = Workshop()
    workshop.drop("tickets.csv", tickets(15))
    manifest = workshop.commit()
    snapshot = workshop.registry.snapshot(manifest.version)
    assert snapshot
    data = workshop.trainer.read(snapshot.files).data
    nothing = {"up": [], "down": []}
    assert telling_words(data, verified_scorer(workshop.registry.bundle(1))) == nothing
