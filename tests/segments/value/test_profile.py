"""Shares and TGI by hand, and small cells that stay hidden."""

import pytest

from segments.value.profile import HIDDEN, Cell, cells


def test_a_share_twice_that_of_everybody_has_a_tgi_of_200() -> None:
    # 40 of 100 in the segment against 200 of 1000 among all; 60 of 100 against 800 of 1000.
    first, second = cells([40, 60], [200, 800])

    assert first == Cell(count=40, share=0.4, tgi=pytest.approx(200))
    assert second == Cell(count=60, share=0.6, tgi=pytest.approx(75))


def test_a_small_cell_is_hidden_and_the_smallest_other_so_that_it_cannot_be_worked_out() -> None:
    assert cells([9, 30, 50], [100, 100, 100])[:2] == [HIDDEN, HIDDEN]
    assert cells([9, 30, 50], [100, 100, 100])[2].count == 50


def test_two_small_cells_hide_each_other() -> None:
    told = cells([9, 1, 50], [100, 100, 100])

    assert [cell.count for cell in told] == [None, None, 50]


def test_ten_are_shown_and_nobody_is_no_small_cell() -> None:
    assert [cell.count for cell in cells([10, 0], [50, 50])] == [10, 0]


def test_an_empty_segment_has_no_shares_to_divide() -> None:
    assert cells([0, 0], [5, 0]) == [Cell(count=0, share=None, tgi=None)] * 2
