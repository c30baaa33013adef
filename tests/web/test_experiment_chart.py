"""The drawing of an experiment week by week: its figures are written as everywhere."""

import re

from loopline.reports.experiments.lift import Lift
from loopline.web.experiment_chart import course_svg


def test_what_is_below_nothing_has_a_minus_that_is_one() -> None:
    weeks = [Lift("lead", 4, 4, 0.1, 0.1, lift=-0.1, lift_low=-0.6, lift_high=1.0) for _ in range(3)]
    told = re.findall(r"<text[^>]*>([^<]*)</text>", course_svg(weeks, is_money=False))
    assert "−50 %" in told
    assert not any("-" in words for words in told)
