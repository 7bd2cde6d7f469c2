"""A world in which the real code runs: users, messages and faults around the system, at one seed.

The code under test: reconcile() and what it uses, the operator's moves, both functions, and the
service's model slot. Every call of a store, of the topic or of Cloud Run's API is one atomic step.
Between two steps any other actor may go on. In the faulty world a step may also fail, take effect
and lose its answer, or be the last one before a SIGKILL; time may jump beyond the lease, messages
are lost, and an instance may read a pointer that is no longer the newest. The clean world has none
of that and no sweep either, since faults and sweeps heal a lost wake-up.
`python -m tests.simulation.world faulty 137` replays one seed.
"""

from __future__ import annotations

import sys

from functions.main import Instance
from tests.simulation.invariants import require
from tests.simulation.push import landed_event, released_event
from tests.simulation.system import LEASE_S, System
from urgency.messages import ModelReleased
from urgency.store import ListedObject

FAULTY_EVENTS, CLEAN_EVENTS = 267, 199


class World(System):
    """One seed's world; with the same seed everything happens again."""

    def __init__(self, seed: int, *, clean: bool) -> None:
        super().__init__(seed, faults=not clean)
        self.notifications: list[ListedObject] = []

    def run(self) -> None:
        """Live through the seed. Raises Violation."""
        try:
            for _ in range(FAULTY_EVENTS if self.faults else CLEAN_EVENTS):
                self._something_happens()
            self._recover() if self.faults else self._calm_down()
        finally:
            self.turns.kill_all()

    def _something_happens(self) -> None:
        draw = self.rng.random()
        if draw < 0.033:
            self._land(f"incoming/{self.rng.randrange(5)}.csv")
        elif draw < 0.043:
            self._delete()
        elif draw < 0.089:
            self._deliver_notification()
        elif draw < 0.114:
            self._deliver_message()
        elif draw < 0.130:
            self.fleet.request()
        elif draw < 0.135:
            self.operator_acts()
        elif draw < 0.160:
            self.start_run(force=True)
        elif draw < 0.165 and self.faults:
            self.start_run()
        elif self.turns.actors:
            self.turn()
        else:
            self.time += 20 * self.rng.random()

    def _land(self, name: str) -> None:
        """A user drops a file; storage may notify more than once."""
        self.landing.overwrite(name, self.rng.randbytes(20))
        (landed,) = self.landing.list(name)
        self.notifications += [landed] * self.rng.choice((1, 1, 1, 2))

    def _delete(self) -> None:
        """A user deletes a file, for good or not, and may drop another one under its name."""
        if live := list(self.landing.list("incoming/")):
            file = self.rng.choice(live)
            self.landing.delete(file.name)
            if self.chance(0.5):
                self.landing.erase(file.name, file.generation)
            if self.chance(0.5):
                self._land(file.name)

    def _deliver_notification(self) -> None:
        if self.notifications:
            landed = self.notifications.pop(self.rng.randrange(len(self.notifications)))
            if self.faults and self.chance(0.04):
                return
            self.deliveries += 1

            def ended(acknowledged: bool) -> None:
                if not acknowledged:
                    self.exercised.add("I9")
                    self.notifications.append(landed)

            self.call_function(Instance.on_csv_landed, landed_event(landed), ended)

    def _deliver_message(self) -> None:
        if self.topic:
            message = self.topic.pop(self.rng.randrange(len(self.topic)))
            if self.faults and self.chance(0.1):
                return
            if self.faults and self.chance(0.2):
                self.topic.append(message)
            self.call_function(
                Instance.on_model_released,
                released_event(message),
                lambda acknowledged: self._message_ended(message, acknowledged),
            )

    def _message_ended(self, message: ModelReleased, acknowledged: bool) -> None:
        if not acknowledged:
            self.topic.append(message)
            return
        epoch, highest = message.epoch, self.fleet.highest_epoch
        require(epoch <= highest, f"I7: epoch {epoch} was acknowledged, {highest} serves")

    # The end

    def _calm_down(self) -> None:
        """Everything on its way arrives: all must be well before any sweep, and after one."""
        self._deliver_everything()
        if self.chance(0.5):
            self._drop_a_last_file()
            self._deliver_everything()
        self._check_all(swept=False)
        self._sweep()

    def _drop_a_last_file(self) -> None:
        """Seconds after a run that had nothing to do: an old notification came once more."""
        self.notifications += list(self.landing.list("incoming/"))[:1]
        self._deliver_notification()
        while self.turns.actors and self.chance(0.97):
            self.turn()
        self._land("incoming/last.csv")
        self.time += self.rng.uniform(0, 30)

    def _deliver_everything(self) -> None:
        while self.notifications or self.topic or self.turns.actors:
            self._deliver_notification()
            self._deliver_message()
            for _ in range(self.rng.randrange(20)):
                if self.turns.actors:
                    self.turn()

    def _recover(self) -> None:
        """Faults end, and what was on its way is lost: one sweep must heal it.

        Half of the time all processes die, too, in the middle of an operator's move.
        """
        if self.chance(0.5):
            self.operator_acts()
            for _ in range(self.rng.randrange(25)):
                if self.turns.actors:
                    self.turn()
            self.turns.kill_all()
        else:
            self.turns.start("operator resumes", self.resumes)
        self.faults = False
        self.drain()
        self._sweep()

    def _sweep(self) -> None:
        self.time += 2 * LEASE_S
        self.start_run()
        self.drain()
        self._check_all(swept=True)

    def _check_all(self, *, swept: bool) -> None:
        self.checks.work(self.trained, self.failures)
        require(
            self.started <= self.deliveries,
            f"I9: {self.started} runs were started by {self.deliveries} deliveries",
        )
        self.checks.at_rest(swept=swept)
        pointer = self.registry.current_release()[1]
        for epoch in self.fleet.epochs_after_a_check():
            require(epoch == pointer.epoch, f"I7: epoch {epoch} serves, not {pointer.epoch}")


def main(kind: str, seed: str) -> None:
    """Print everything that happens at one seed."""
    world = World(int(seed), clean=kind == "clean")
    try:
        world.run()
    finally:
        for time, actor, what, outcome in world.trace:
            print(f"{time:9.1f} s  {actor:18} {what} {outcome}")


if __name__ == "__main__":
    main(*sys.argv[1:])
