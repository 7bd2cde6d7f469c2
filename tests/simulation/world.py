"""A world in which the real code of the protocol runs: users, messages and faults around the
system, at one seed.

Every call of a store, of the topic or of jobs:run is one atomic step. Between two steps anybody
else may go on; in the faulty world a step may also fail, take effect and lose its answer, or be the
last before a SIGKILL; time may jump beyond the lease, messages are lost, a region goes down. The
clean world has none of that and no sweep either, since faults and sweeps heal a lost wake-up.
`python -m tests.simulation.world faulty 137` replays one seed.
"""

from __future__ import annotations

import sys

from tests.simulation.invariants import require
from tests.simulation.system import LEASE_S, Instance, System

HAPPENINGS = 500


class World(System):
    """One seed's world; with the same seed everything happens again."""

    def __init__(self, seed: int, *, clean: bool) -> None:
        super().__init__(seed, faults=not clean)

    def run(self) -> None:
        """Live through the seed. Raises Violation."""
        try:
            for _ in range(HAPPENINGS):
                self._something_happens()
            self._recover() if self.faults else self._calm_down()
        finally:
            self.crew.bury()

    def _something_happens(self) -> None:
        draw = self.dice.random()
        if draw < 0.020:
            self._land()
        elif draw < 0.026:
            self._delete()
        elif draw < 0.055:
            self._deliver_event()
        elif draw < 0.070:
            self._deliver_message()
        elif draw < 0.080:
            self._check(self.dice.choice(self.fleet))
        elif draw < 0.092:
            self._operate()
        elif draw < 0.096:
            self.start_run(force=True)
        elif draw < 0.100 and self.faults:
            self.start_run()
        elif self.crew.actors:
            self.turn()
        else:
            self.time += 20 * self.dice.random()

    def _land(self) -> None:
        name = f"incoming/{self.dice.randrange(5)}.csv"
        self.landing.overwrite(name, self.dice.randbytes(20))
        self.events += [self.time] * self.dice.choice((1, 1, 1, 2, 3))

    def _delete(self) -> None:
        """A user deletes a file, which ends up gone for good or not, or the lifecycle erases a
        replaced one.
        """
        if live := list(self.landing.list("incoming/")):
            file = self.dice.choice(live)
            self.landing.delete(file.name)
            if self.dice.random() < 0.5:
                self.landing.erase(file.name, file.generation)
            if self.dice.random() < 0.5:
                self.landing.overwrite(file.name, self.dice.randbytes(20))
                self.events.append(self.time)

    def _deliver_event(self) -> None:
        if self.events:
            created = self.events.pop(self.dice.randrange(len(self.events)))
            if not (self.faults and self.dice.random() < 0.04):
                self.crew.hire(
                    "on_csv_landed",
                    lambda: self.on_csv_landed(created),
                    lambda error: self.events.append(created) if error else None,
                )

    def _deliver_message(self) -> None:
        if self.topic:
            message = self.topic.pop(self.dice.randrange(len(self.topic)))
            if self.faults and self.dice.random() < 0.1:
                return
            if self.faults and self.dice.random() < 0.2:
                self.topic.append(message)
            self.crew.hire(
                "on_model_released",
                lambda: self.on_model_released(message),
                lambda error: self.topic.append(message) if error else None,
            )

    def _check(self, instance: Instance) -> None:
        self.crew.hire("instance", lambda: instance.check(self.registry))

    def _operate(self) -> None:
        verb = self.dice.choice((self.rolls_back, self.promotes, self.resumes))
        self.crew.hire(f"operator {verb.__name__.replace('_', ' ')}", verb)

    # The end

    def _calm_down(self) -> None:
        """Everything on its way arrives, nothing was lost, so all must be well before any sweep,
        and after one.
        """
        while self.events or self.topic or self.crew.actors:
            self._deliver_event()
            self._deliver_message()
            for _ in range(self.dice.randrange(20)):
                if self.crew.actors:
                    self.turn()
        self._check_all(swept=False)
        self._sweep()

    def _recover(self) -> None:
        """Faults end, what was on its way is lost, half of the time so are all processes: one sweep
        must heal it.
        """
        if self.dice.random() < 0.5:
            self.crew.bury()
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
        self.checks.at_rest(swept=swept)
        pointer = self.registry.current_release()[1]
        for instance in self.fleet:
            instance.check(self.registry)
            require(
                instance.epoch == pointer.epoch,
                f"I7: epoch {instance.epoch} serves, the pointer's {pointer.epoch}",
            )


def main(kind: str, seed: str) -> None:
    """Print everything that happens at one seed."""
    world = World(int(seed), clean=kind == "clean")
    try:
        world.run()
    finally:
        for time, who, what, fate in world.trace:
            print(f"{time:9.1f} s  {who:18} {what} {fate}")


if __name__ == "__main__":
    main(*sys.argv[1:])
