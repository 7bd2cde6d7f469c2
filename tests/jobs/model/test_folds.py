"""Folds and samples go by what rows say, not by their order."""

from __future__ import annotations

import numpy as np

from jobs.model.folds import folds_of, sampled
from tests.support.job.frames import corpus, frame

FOLDS = 5


def test_copies_share_a_fold_and_labels_are_dealt_out_evenly() -> None:
    rows = corpus(frame(500))
    key, urgent = np.tile(rows.key, 2), np.tile(rows.urgent, 2)
    fold = folds_of(key, urgent, FOLDS)
    assert (fold[:500] == fold[500:]).all()
    shares = [urgent[fold == k].mean() for k in range(FOLDS)]
    assert max(shares) - min(shares) < 0.03


def test_folds_do_not_depend_on_the_order_of_rows() -> None:
    rows = corpus(frame(300))
    order = np.random.default_rng(0).permutation(300)
    turned = folds_of(rows.key[order], rows.urgent[order], FOLDS)
    assert (turned == folds_of(rows.key, rows.urgent, FOLDS)[order]).all()
    assert (
        folds_of(rows.key, rows.urgent, FOLDS, seed=1) != folds_of(rows.key, rows.urgent, FOLDS)
    ).any()


def test_a_sample_holds_every_row_of_its_keys_and_of_both_ends_of_the_split() -> None:
    key = np.random.default_rng(0).integers(0, 2**64, 5_000, np.uint64)
    twice = np.tile(key, 2)
    chosen = sampled(twice, 1_000)
    assert (chosen[:5_000] == chosen[5_000:]).all()
    assert 990 <= chosen.sum() <= 1_000
    assert abs((twice[chosen] > 2**63).mean() - 0.5) < 0.05
    assert sampled(key, 5_000).all()
