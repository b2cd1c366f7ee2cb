"""Magics that compare, rewrite and export the notebook."""

from __future__ import annotations

SALES = ("%flow sales --project shop", "%%task load\nrows = [3, 1]", "%%task clean\nclean = sorted(rows)")


def test_diff_shows_what_changed(talk):
    """The notebook as it is now is compared with the latest version, or the one that is named."""
    talk(*SALES, "%flow_register", "%%task clean\nclean = sorted(rows)[1:]")
    shown = talk("%flow_diff")
    assert "shop/sales v1 -> the notebook" in shown
    assert "    - clean = sorted(rows)\n    + clean = sorted(rows)[1:]" in shown
    talk("%flow_register")
    assert "shop/sales: the notebook means the same as v2." in talk("%flow_diff")
    assert "shop/sales v1 -> the notebook" in talk("%flow_diff v1")


def test_diff_of_a_flow_that_was_never_registered(talk):
    """There is nothing to compare with, and this is said."""
    assert "shop/sales has no version to compare the notebook with: it is new." in talk(*SALES, "%flow_diff")


def test_diff_refuses_what_is_no_version(talk):
    """The mistake names the word."""
    assert "is a version such as v3, not 'latest'" in talk.refused("%flow_diff latest")
    talk(*SALES, "%flow_register")
    assert "has no version 9" in talk.refused("%flow_diff v9")
