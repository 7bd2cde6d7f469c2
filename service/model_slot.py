"""ModelSlot: the model that answers, and how it follows the release pointer.

The slot is one reference that a request reads once, so no answer mixes two models. The pointer is
checked inside requests, never by a timer: between requests an instance on Cloud Run has no CPU.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from service.freshness import Freshness
from service.local_copy import LocalCopy
from service.metrics import Metrics
from urgency.bundle import Bundle
from urgency.errors import CorruptObject, Unavailable, UrgencyError
from urgency.logs import Log
from urgency.records import NO_RELEASE, Release
from urgency.registry import Registry
from urgency.scorer import Scorer, verified_scorer
from urgency.store import ABSENT, Unchanged

CHECK_WAIT_S = 0.3
"""How long a request waits for a check that another one makes."""

RELOAD_WAIT_S = 8.0
"""How long the reload hook waits for another load; its caller gives up after 10 s."""

BACK_OFF_S, BACK_OFF_MOST_S = 10.0, 300.0

LOG_EVERY_S = 60.0
"""How often a busy instance logs what it serves, so that a monitor sees instances that differ."""

OpenRegistry = Callable[[], Registry]
"""Called at each use, so that a process can start without the cloud. Raises UrgencyError."""


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
    """

    def __init__(
        self,
        registry: OpenRegistry,
        freshness: Freshness,
        *,
        log: Log,
        metrics: Metrics,
        copies: Iterable[LocalCopy] = (),
        keeper: LocalCopy | None = None,
        clock: Callable[[], float] = time.monotonic,
        verified: Callable[[Bundle], Scorer] = verified_scorer,
        lock: Callable[[], threading.Lock] = threading.Lock,
    ) -> None:
        self._registry, self._freshness, self._clock = registry, freshness, clock
        self._verified = verified
        self._log, self._metrics = log, metrics
        self._copies, self._keeper = copies, keeper
        self._checking = lock()
        self._token = ABSENT
        self._release: Release = NO_RELEASE
        self._refused = _Refused("", 0, 0.0)
        self._log_at = 0.0
        self.current: Serving | None = None

    @property
    def stale_s(self) -> float | None:
        """Seconds since the pointer was last read, once three checks in a row failed; else None."""
        return self._freshness.stale_s(self._clock())

    @property
    def is_check_due(self) -> bool:
        """Whether `serving` checks the pointer, unless another request does."""
        return self._freshness.is_due(self._clock())

    @property
    def is_check_overdue(self) -> bool:
        """Whether `serving` waits for another request's check."""
        return self._freshness.is_overdue(self._clock())

    def start(self) -> None:
        """Fill the slot: from the registry, else from a local copy, else not at all."""
        self.serving()
        for copy in self._copies:
            if self.current is None:
                self._take_copy(copy)

    def serving(self) -> Serving | None:
        """The model for one request, after a pointer check if one is due; None without a model.

        Storage errors never raise; another request's check is waited for at most `CHECK_WAIT_S`.
        """
        now = self._clock()
        if not self._freshness.is_due(now):
            return self.current
        wait_s = CHECK_WAIT_S if self._freshness.is_overdue(now) else 0.0
        if self._checking.acquire(timeout=wait_s):
            try:
                if self._freshness.is_due(self._clock()):
                    self._check()
            finally:
                self._checking.release()
        return self.current

    def reload(self) -> Serving | None:
        """Check the pointer now and load its model without back-off; returns what serves then.

        Raises Unavailable or Forbidden when storage does not answer, CorruptObject or Gone when the
        model does not load; then the model that served before goes on serving.
        """
        if not self._checking.acquire(timeout=RELOAD_WAIT_S):
            raise Unavailable("Another load is still under way. Try again later.")
        try:
            self._adopt(self._read_pointer())
        finally:
            self._checking.release()
        return self.current

    def _check(self) -> None:
        """The check of a request: an error is logged, and the last good model goes on serving."""
        try:
            release, refused = self._read_pointer(), self._refused
            is_refused = release.manifest_sha256 == refused.manifest_sha256
            if not is_refused or self._clock() >= refused.retry_at:
                self._adopt(release)
        except UrgencyError as error:
            self._log.warning("model_check_failed", reason=str(error), **self._log_fields())
        if self.current and self._clock() >= self._log_at:
            self._log_at = self._clock() + LOG_EVERY_S
            self._log.info("model_serving", **self._log_fields())

    def _read_pointer(self) -> Release:
        asked = self._clock()
        try:
            answer = self._registry().release_if_changed(self._token)
        except UrgencyError:
            self._freshness.missed(asked, self._clock())
            self._metrics.pointer_checks.add("missed")
            raise
        self._freshness.answered(asked, self._clock())
        self._metrics.pointer_checks.add("answered")
        if not isinstance(answer, Unchanged):
            self._token, self._release = answer
        return self._release

    def _adopt(self, release: Release) -> None:
        """Serve what `release` names if its epoch is higher than the current one."""
        current = self.current
        if not release.champion or (current and release.epoch <= current.epoch):
            return
        if current and current.scorer.manifest.sha256 == release.manifest_sha256:
            self.current = replace(current, epoch=release.epoch)
            return
        named = (release.champion, release.manifest_sha256)
        try:
            scorer = self._loaded(lambda: self._registry().bundle(*named))
        except UrgencyError:
            self._refuse(release.manifest_sha256)
            raise
        self.current = Serving(scorer, release.epoch)
        self._metrics.loads.add("served")
        self._log.info("model_loaded", source="registry", **self._log_fields())
        self._keep(release)

    def _refuse(self, manifest_sha256: str) -> None:
        tries = self._refused.tries + 1 if self._refused.manifest_sha256 == manifest_sha256 else 1
        wait_s = min(BACK_OFF_S * 2 ** min(tries - 1, 16), BACK_OFF_MOST_S)
        self._refused = _Refused(manifest_sha256, tries, self._clock() + wait_s)
        self._metrics.loads.add("refused")

    def _take_copy(self, copy: LocalCopy) -> None:
        try:
            scorer = self._loaded(copy.bundle)
        except UrgencyError as error:
            self._log.warning("local_copy_unusable", reason=str(error))
        else:
            # Epoch 0: the first pointer that is read wins, even another project's with a lower one.
            self.current = Serving(scorer, epoch=0)
            self._log.info("model_loaded", source=copy.folder.name, **self._log_fields())

    def _keep(self, release: Release) -> None:
        try:
            if self._keeper:
                self._keeper.keep(release, self._registry())
        except (OSError, UrgencyError) as error:
            self._log.warning("local_copy_not_kept", reason=str(error))

    def _log_fields(self) -> dict[str, int]:
        serving = self.current
        return {"version": serving.version, "epoch": serving.epoch} if serving else {}

    def _loaded(self, bundle: Callable[[], Bundle]) -> Scorer:
        """A verified scorer. Raises UrgencyError, whatever is wrong with the model."""
        try:
            return self._verified(bundle())
        except UrgencyError:
            raise
        except Exception as error:
            raise CorruptObject(f"The model does not load: {error!r}.") from error
