import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from attribution.inference.corrections import Correction, correct


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.sampled_from([(Correction.HOLM, "holm"), (Correction.BH, "fdr_bh")]),
)
# statsmodels takes a tenth of a second per Holm correction.
@settings(max_examples=40, deadline=None)
def test_agrees_with_statsmodels(p_values, method):
    ours, theirs = method

    adjusted = correct(p_values=p_values, method=ours)

    assert adjusted == pytest.approx(list(multipletests(p_values, method=theirs)[1]), abs=1e-12)


def test_missing_tests_stay_missing():
    assert correct(p_values=[None, 0.2, None], method=Correction.BH) == [None, 0.2, None]
    assert correct(p_values=[], method=Correction.HOLM) == []
