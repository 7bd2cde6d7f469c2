import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from cli.context import System, is_cloud, reach
from cli.landing import Outcome, follow, object_name, show_outcome, upload
from cli.local_stack import start
from cli.predictions import REASONS_SHOWN, show_predictions
from cli.releases import end_pin, roll_back
from cli.show import console, plain, say
from cli.usage_error import UsageError
from cli.watch import Watch, hop_printer
from infra.local.state import home_of, running_stack

DATA = Path(__file__).resolve().parents[2] / "data"
FIRST, SECOND = DATA / "tickets.csv", DATA / "tickets_week2.csv"
TEXT = "Since this morning nobody in our office can log in. Salaries have to be paid out today."
TICKET = {
    "title": "Cannot log in to the payroll portal",
    "description": TEXT,
    "source": "phone",
    "customer_tier": "enterprise",
}
WAIT_S = 120.0


def demo() -> None:
    """Show it all on this machine: drop, train, judge, release, reload, predict, and go back.

    You may run it again: the same files then replace themselves and are judged against the model
    that serves.

    Example: urgency demo
    """
    if is_cloud(os.environ):
        raise UsageError("The demo is for this machine, but a project is named: unset URGENCY_*.")
    began = time.monotonic()
    _ensure_stack()
    system = reach()
    _unpin(system)
    _chapter("A file of tickets lands, and everything else happens by itself")
    first = _drop(system, FIRST)
    _chapter("Is this ticket urgent, and why?")
    _predict(system)
    _chapter("The bucket answers the person who dropped the file")
    show_outcome(system.landing, first)
    _chapter("The second week lands")
    _say_what_changed(system, _drop(system, SECOND))
    _chapter("Somebody does not like it: one command goes back")
    _roll_back(system)
    _farewell(time.monotonic() - began)


def _ensure_stack() -> None:
    home = home_of(os.environ)
    began = time.monotonic()
    if running_stack(home):
        return say(f"The stack in {plain(home.root)} is up already.")
    instances = len(start(home, []).urls.instances)
    return say(
        f"Storage, Pub/Sub, functions, job, scheduler and {instances} instances of the service are"
        f" up after {time.monotonic() - began:.1f} s, in {plain(home.root)}."
    )


def _unpin(system: System) -> None:
    """A demo that ran before ended with a rollback, and a pinned pointer lets nothing in."""
    release = system.registry.current_release()[1]
    if release.pinned:
        _chapter("The last rollback still holds")
        say(
            f"Version {release.champion} is pinned ({plain(release.reason)}), so nothing would be"
            " released. 'urgency resume' ends that:"
        )
        _with_hops(system, lambda: end_pin(system, "the demo runs again"))


def _drop(system: System, file: Path) -> Outcome:
    say(f"[dim]$ urgency drop data/{file.name} --wait[/]")
    watch = Watch(system, hop_printer())
    dropped = upload(system.landing, file, object_name(file, None))
    return follow(system.landing, dropped, watch, WAIT_S)


def _predict(system: System) -> None:
    if not system.registry.current_release()[1].champion:
        return say("No version was good enough to serve, so the service answers 503 and says why.")
    return show_predictions([TICKET], system.service.predict([TICKET], REASONS_SHOWN))


def _say_what_changed(system: System, outcome: Outcome) -> None:
    champion = system.registry.current_release()[1].champion
    answers = "answers now" if outcome.exit_code == 0 else "still answers"
    say(f"Version [bold]{champion}[/] {answers}. {plain(outcome.sentence)}")


def _roll_back(system: System) -> None:
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
    """Move the pointer, and show what happens until every instance follows."""
    watch = Watch(system, hop_printer())
    act()
    watch.look_until(lambda: True, WAIT_S)


def _version_before(system: System, champion: int) -> int:
    """The newest version before the champion that was good enough to serve; 0 if there is none."""
    registry = system.registry
    for version in reversed(registry.model_numbers()):
        manifest = registry.manifest(version) if version < champion else None
        if manifest and registry.last_verdict(manifest).decision == "PROMOTE":
            return version
    return 0


def _farewell(seconds: float) -> None:
    _chapter("Try next")
    activate = "  . .venv/bin/activate                                 find the command"
    say(
        f"That took {seconds:.0f} s, and the system keeps running.",
        *([] if shutil.which("urgency") else [activate]),
        '  urgency predict "Where can I download my invoice?"   ask it yourself',
        "  urgency drop data/bad.csv --wait                     see what happens to bad rows",
        "  urgency drop your.csv --wait                         use your own tickets",
        "  urgency resume                                       end the pin of the rollback",
        "  urgency why 1; urgency models; urgency doctor        look closer",
        "  urgency down                                         stop it; the data stays",
    )


def _chapter(title: str) -> None:
    console().print()
    console().rule(f"[bold]{title}", align="left")
