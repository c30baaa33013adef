"""A sequence in parts of a size."""

from loopline.lib.batches import batches


def test_nothing_is_left_out_or_told_twice() -> None:
    assert [list(some) for some in batches([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]
    assert [list(some) for some in batches([1, 2], 2)] == [[1, 2]]
    assert list(batches([], 2)) == []
