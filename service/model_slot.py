"""ModelSlot: the model that answers, and how it follows the release pointer.

The slot is one reference that a request reads once, so no answer mixes two models.

The pointer is checked when a request finds it old, never by a timer: between requests an instance
on Cloud Run has no CPU. The check runs on a thread of its own. The request that began it waits for
it, which keeps the CPU here that the thread needs, but not for long: storage that hangs costs one
request in five seconds a moment, and the others nothing.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from service.background import Background
from service.freshness import Freshness
from service.local_copy import LocalCopy
from service.metrics import Metrics
from service.pointer_checks import OpenRegistry, PointerChecks
from urgency.bundle import Bundle
from urgency.errors import Unavailable, UrgencyError, whatever_fails
from urgency.logs import Log
from urgency.records import Release
from urgency.scorer import Scorer, verified_scorer

CHECK_WAIT_S = 1.0
"""How long a request waits for a check, and for the model that it finds to load."""

START_WAIT_S = 5.0
"""How long a start waits for storage before it looks for a local copy."""

RELOAD_WAIT_S = 8.0
"""How long the reload hook waits; its caller gives up after 10 s."""

BACK_OFF_S, BACK_OFF_MOST_S = 10.0, 300.0

LOG_EVERY_S = 60.0
"""How often a busy instance logs what it serves, so that a monitor sees instances that differ."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A model that answers; `epoch` is the pointer's, 0 for a local copy without a pointer."""

    scorer: Scorer
    epoch: int

    @property
    def version(self) -> int:
        """The model's version."""
        return self.scorer.manifest.version


@dataclass(frozen=True, slots=True)
class _Refused:
    """A manifest that would not load, and when requests may try it again."""

    manifest_sha256: str
    tries: int
    retry_at: float


class ModelSlot:
    """Holds the current model and keeps it current; any number of threads may share it.

    copies: local models for a start without storage, best first.   keeper: holds the last model.
    lock: held while a model loads.
    """

    def __init__(
        self,
        registry: OpenRegistry,
        freshness: Freshness,
        *,
        log: Log,
        metrics: Metrics,
        background: Background,
        copies: Iterable[LocalCopy] = (),
        keeper: LocalCopy | None = None,
        clock: Callable[[], float] = time.monotonic,
        verified: Callable[[Bundle], Scorer] = verified_scorer,
        lock: Callable[[], threading.Lock] = threading.Lock,
    ) -> None:
        self._registry, self._clock, self._verified = registry, clock, verified
        self._log, self.metrics, self._background = log, metrics, background
        self._copies, self._keeper = copies, keeper
        self._checks = PointerChecks(
            registry, freshness, background, metrics=metrics, clock=clock, tell=self._tell
        )
        self._loading, self._taking = lock(), threading.Lock()
        self._refused = _Refused("", 0, 0.0)
        self._log_at, self._told = 0.0, ""
        self.current: Serving | None = None

    @property
    def stale_s(self) -> float | None:
        """Seconds since the pointer was last read, once three checks in a row failed; else None."""
        return self._checks.stale_s

    def start(self) -> None:
        """Fill the slot: from the registry, else from a local copy, else not at all."""
        if check := self._checks.to_wait_for(self._follow, START_WAIT_S):
            self._background.wait(check, START_WAIT_S)
        for copy in self._copies:
            if self.current is None:
                self._take_copy(copy)

    def serving(self) -> Serving | None:
        """The model for one request, after a pointer check if one is due; None without a model.

        Storage errors never raise; a check is waited for at most `CHECK_WAIT_S`.
        """
        if check := self.check_to_wait_for():
            self._background.wait(check, CHECK_WAIT_S)
        return self.current

    def check_to_wait_for(self) -> Future[None] | None:
        """The check that a request should wait for, at most `CHECK_WAIT_S`; begins one if due.

        Returns at once, for callers that must not block. The check never fails.
        """
        return self._checks.to_wait_for(self._follow)

    def reload(self) -> Serving | None:
        """Check the pointer now and load its model without back-off; returns what serves then.

        Raises Unavailable or Forbidden when storage does not answer, CorruptObject or Gone when the
        model does not load; then the model that served before goes on serving.
        """
        return self._background.result(self._reloaded, RELOAD_WAIT_S, "The reload")

    def _follow(self, check: int) -> None:
        """The check of a request: an error is logged, and the last good model goes on serving."""
        try:
            release, refused = self._checks.read(check), self._refused
            is_refused = release.manifest_sha256 == refused.manifest_sha256
            if not is_refused or self._clock() >= refused.retry_at:
                self._adopt_alone(release, wait_s=0)
                self._told = ""
        except UrgencyError as error:
            self._tell(str(error))
        if self.current and self._clock() >= self._log_at:
            self._log_at = self._clock() + LOG_EVERY_S
            self._log.info("model_serving", **self._log_fields())

    def _reloaded(self) -> Serving | None:
        check = self._checks.begin(RELOAD_WAIT_S)
        if not self._adopt_alone(self._checks.read(check), RELOAD_WAIT_S):
            raise Unavailable("Another load is still under way. Try again later.")
        return self.current

    def _adopt_alone(self, release: Release, wait_s: float) -> bool:
        """Adopt `release`, after a load that runs; False if that one does not end in `wait_s`."""
        if not self._loading.acquire(timeout=wait_s):
            return False
        try:
            self._adopt(release)
        finally:
            self._loading.release()
        return True

    def _adopt(self, release: Release) -> None:
        """Serve what `release` names if its epoch is higher than the current one."""
        current = self.current
        if not release.champion or (current and release.epoch <= current.epoch):
            return
        if current and current.scorer.manifest.sha256 == release.manifest_sha256:
            self._serve(replace(current, epoch=release.epoch))
            return
        named = (release.champion, release.manifest_sha256)
        try:
            scorer = self._loaded(lambda: self._registry().bundle(*named))
        except UrgencyError:
            self._refuse(release.manifest_sha256)
            raise
        self._serve(Serving(scorer, release.epoch))
        self.metrics.loads.add("served")
        self._log.info("model_loaded", source="registry", **self._log_fields())
        self._keep(release)

    def _serve(self, serving: Serving) -> None:
        with self._taking:  # a start may look for a local copy while a slow load ends
            if self.current is None or serving.epoch > self.current.epoch:
                self.current = serving

    def _refuse(self, manifest_sha256: str) -> None:
        tries = self._refused.tries + 1 if self._refused.manifest_sha256 == manifest_sha256 else 1
        wait_s = min(BACK_OFF_S * 2 ** min(tries - 1, 16), BACK_OFF_MOST_S)
        self._refused = _Refused(manifest_sha256, tries, self._clock() + wait_s)
        self.metrics.loads.add("refused")

    def _take_copy(self, copy: LocalCopy) -> None:
        try:
            scorer = self._loaded(copy.bundle)
        except UrgencyError as error:
            self._log.warning("local_copy_unusable", reason=str(error))
        else:
            # Epoch 0: the first pointer that is read wins, even another project's with a lower one.
            self._serve(Serving(scorer, epoch=0))
            self._log.info("model_loaded", source=copy.folder.name, **self._log_fields())

    def _keep(self, release: Release) -> None:
        try:
            if self._keeper:
                self._keeper.keep(release, self._registry())
        except (OSError, UrgencyError) as error:
            self._log.warning("local_copy_not_kept", reason=str(error))

    def _tell(self, reason: str) -> None:
        """One line for each thing that goes wrong, however often it is met."""
        if reason != self._told:
            self._told = reason
            self._log.warning("model_check_failed", reason=reason, **self._log_fields())

    def _log_fields(self) -> dict[str, int]:
        serving = self.current
        return {"version": serving.version, "epoch": serving.epoch} if serving else {}

    def _loaded(self, bundle: Callable[[], Bundle]) -> Scorer:
        """A verified scorer. Raises UrgencyError, whatever is wrong with the model."""
        with whatever_fails("The model does not load"):
            return self._verified(bundle())
