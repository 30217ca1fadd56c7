"""The layout of a journey's graph."""

from hypothesis import given
from hypothesis import strategies as st

from campaigns.drawing import draw

DIAMOND = {
    "nodes": [{"id": name, "type": "exit"} for name in "abcd"],
    "edges": [["a", "b", "yes"], ["a", "c", "no"], ["b", "d"], ["c", "d"]],
}


def test_nodes_stand_below_all_that_lead_to_them() -> None:
    rows = {box.id: box.y for box in draw(DIAMOND).boxes}

    assert rows["a"] < rows["b"] == rows["c"] < rows["d"]


def test_labels_of_edges_are_kept() -> None:
    assert sorted(line.label for line in draw(DIAMOND).lines) == ["", "", "no", "yes"]


def test_cycle_is_drawn_without_end() -> None:
    graph = {
        "nodes": [{"id": "a", "type": "entry"}, {"id": "b", "type": "wait"}],
        "edges": [["a", "b"], ["b", "a"]],
    }

    drawing = draw(graph)

    assert len(drawing.lines) == 2


def test_unusable_parts_are_left_away() -> None:
    drawing = draw({"nodes": [{"id": "a"}, {"id": 3}, "x"], "edges": [["a", "zzz"], "no", []]})

    assert [box.id for box in drawing.boxes] == ["a"]
    assert drawing.lines == ()


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=30),
    st.integers(1, 8),
)
def test_every_box_lies_inside_and_none_overlap(edges: list[tuple[int, int]], size: int) -> None:
    graph = {
        "nodes": [{"id": str(number), "type": "wait"} for number in range(size)],
        "edges": [[str(start), str(end)] for start, end in edges],
    }

    drawing = draw(graph)

    places = {(box.x, box.y) for box in drawing.boxes}
    assert len(places) == size
    assert all(0 <= x < drawing.width and 0 <= y < drawing.height for x, y in places)
