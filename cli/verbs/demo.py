"""urgency demo: the whole loop in under a minute, on this machine."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli.show import console, plain, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.context import System
    from cli.landing import Outcome

DATA = Path(__file__).resolve().parents[2] / "data"
FIRST, SECOND = DATA / "tickets.csv", DATA / "tickets_week2.csv"
TICKET = {
    "title": "Cannot log in to the payroll portal",
    "description": (
        "Since this morning nobody in our office can log in. Salaries have to be paid out today."
    ),
    "source": "phone",
    "customer_tier": "enterprise",
}
WAIT_S = 120.0


def demo() -> None:
    """Play the whole loop on this machine: drop, train, judge, release, reload, predict, and go
    back.

    It may be played again: the same files then replace themselves and are judged against the model
    that serves.

    Example: urgency demo
    """
    from cli.context import is_cloud, reach
    from cli.usage_error import Mistake

    if is_cloud(os.environ):
        raise Mistake(
            "The demo plays on this machine, and URGENCY_* settings name a project: unset them"
            " for it."
        )
    began = time.monotonic()
    _ensure_stack()
    system = reach()
    _unpin(system)
    _chapter("A file of tickets lands, and everything else happens by itself")
    first = _drop(system, FIRST)
    _chapter("Is this ticket urgent, and why?")
    _predict(system)
    _chapter("The bucket answers whoever dropped the file")
    _show_receipt(system, first)
    _chapter("The second week lands")
    _say_what_it_changed(system, _drop(system, SECOND))
    _chapter("Somebody does not like it: one command goes back")
    _roll_back(system)
    _farewell(time.monotonic() - began)


def _ensure_stack() -> None:
    from cli.verbs.up import start
    from infra.local.state import home_of, running_stack

    home = home_of(os.environ)
    began = time.monotonic()
    if running_stack(home):
        return say(f"The stack in {plain(home.root)} is up already.")
    stack = start(home, [])
    return say(
        f"Storage, Pub/Sub, functions, job, scheduler and {len(stack.urls.instances)} instances of"
        f" the service are up after {time.monotonic() - began:.1f} s, in {plain(home.root)}."
    )


def _unpin(system: System) -> None:
    """A demo that was played before ended with a rollback, and a pinned pointer lets nothing in."""
    from cli.verbs.resume import let_go

    release = system.registry.current_release()[1]
    if release.pinned:
        _chapter("The last rollback still holds")
        say(
            f"Version {release.champion} is pinned ({plain(release.reason)}), so nothing would be"
            " released. 'urgency resume' ends that:"
        )
        _with_hops(system, lambda: let_go(system, "the demo is played again"))


def _drop(system: System, file: Path) -> Outcome:
    from cli.landing import object_name, upload
    from cli.verbs.drop import followed, hop_printer
    from cli.watch import Watch

    say(f"[dim]$ urgency drop data/{file.name} --wait[/]")
    watch = Watch(system, hop_printer())
    return followed(system, upload(system.landing, file, object_name(file, None)), watch, WAIT_S)


def _predict(system: System) -> None:
    from cli.verbs.predict import REASONS_SHOWN, show_predictions

    if not system.registry.current_release()[1].champion:
        return say("No version was good enough to serve, so the service answers 503 and says why.")
    return show_predictions([TICKET], system.service.predict([TICKET], REASONS_SHOWN))


def _show_receipt(system: System, outcome: Outcome) -> None:
    from cli.verbs.drop import show_outcome

    show_outcome(system, outcome)


def _say_what_it_changed(system: System, outcome: Outcome) -> None:
    release = system.registry.current_release()[1]
    if outcome.exit_code == 0:
        say(f"Version [bold]{release.champion}[/] answers now. {plain(outcome.sentence)}")
    else:
        say(f"Version [bold]{release.champion}[/] goes on answering. {plain(outcome.sentence)}")


def _roll_back(system: System) -> None:
    from cli.verbs.rollback import roll_back

    champion = system.registry.current_release()[1].champion
    before = _version_before(system, champion)
    if not before:
        return say("There is no older version to go back to yet.")
    say(f"[dim]$ urgency rollback --to {before} --reason 'demo'[/]")
    _with_hops(system, lambda: roll_back(system, before, "demo"))
    return say(
        f"Version [bold]{before}[/] is pinned now: new files are still judged, but nothing is"
        " released until 'urgency resume', and the versions left behind stay out."
    )


def _with_hops(system: System, act: Callable[[], object]) -> None:
    """Do something that moves the pointer, and tell what follows until every instance has followed."""
    from cli.verbs.drop import hop_printer, pause_s
    from cli.watch import Watch

    watch = Watch(system, hop_printer())
    act()
    until = time.monotonic() + WAIT_S
    watch.look()
    while not watch.is_settled and time.monotonic() < until:
        time.sleep(pause_s(system))
        watch.look()


def _version_before(system: System, champion: int) -> int:
    """The newest version older than the champion that was good enough to serve; 0 where there is
    none.
    """
    registry = system.registry
    for version in reversed(registry.model_numbers()):
        manifest = registry.manifest(version) if version < champion else None
        if manifest and registry.last_verdict(manifest).decision == "PROMOTE":
            return version
    return 0


def _farewell(seconds: float) -> None:
    _chapter("Try next")
    say(
        f"That took {seconds:.0f} s, and the system keeps running.",
        *(
            []
            if shutil.which("urgency")
            else ["  . .venv/bin/activate                                 find it"]
        ),
        '  urgency predict "Where can I download my invoice?"   ask it yourself',
        "  urgency drop data/bad.csv --wait                     see what becomes of bad rows",
        "  urgency drop your.csv --wait                         use your own tickets",
        "  urgency resume                                       end the pin of the rollback",
        "  urgency why 1; urgency models; urgency doctor        look closer",
        "  urgency down                                         stop it; the data stays",
    )


def _chapter(title: str) -> None:
    console().print()
    console().rule(f"[bold]{title}", align="left")
