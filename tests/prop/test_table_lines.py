import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.unit.test_widget_text import HOSTILE
from widgets.paint import Picture
from widgets.table_columns import Column, Flex
from widgets.table_lines import GUTTER, RAIL, Lines
from widgets.table_model import TableModel
from widgets.table_order import Sort
from widgets.table_rows import Cell, Group, Row
from widgets.text import ASCII, UNICODE, Span, Tone, line

COLUMNS = (
    Column("id", "id", 6, priority=80),
    Column("age", "age", 5, align="right", priority=20),
    Column("error", "error", Flex(8), essential=True),
)
texts = st.text(st.characters(), max_size=30) | st.sampled_from(HOSTILE)
tones: st.SearchStrategy[Tone] = st.sampled_from(["plain", "dim", "bad"])
cells = st.builds(Cell, texts, tones, st.none())
toned = st.lists(st.builds(Span, texts, tones), max_size=3).map(tuple)
items = st.lists(
    st.builds(Row, texts, st.lists(cells, max_size=5).map(tuple), st.none() | st.just("g"))
    | st.builds(Group, st.just("g"), toned, toned, st.booleans()),
    max_size=8,
)


def text(picture: Picture) -> str:
    return "".join(span.text for span in picture.spans)


def drawn(lines: Lines, model: TableModel) -> list[str]:
    return [text(picture) for picture in lines.window(model, focused=True)]


@given(items, st.integers(1, 70), st.integers(1, 9), st.sampled_from([UNICODE, ASCII]), st.data())
def test_whatever_is_shown_every_line_is_harmless_and_takes_the_width(
    rows: list[Row | Group], width: int, height: int, glyphs: object, data: st.DataObject
) -> None:
    model = TableModel(COLUMNS)
    lines = Lines(COLUMNS, width, ASCII if glyphs is ASCII else UNICODE)
    model.resize(height)
    for update in (rows, data.draw(items), rows):
        model.update(update)
        model.mark_group()
        shown = lines.window(model, focused=data.draw(st.booleans()))
        assert len(shown) == min(height, len(model.keys))
        for picture in (lines.title(None), lines.title(Sort(2, descending=True)), *shown):
            drawn_text = text(picture)
            assert cell_len(drawn_text) == width
            assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in drawn_text)
        fresh = Lines(COLUMNS, width, lines.glyphs)
        assert fresh.window(model, focused=True) == lines.window(model, focused=True)


def test_columns_align_below_their_titles_and_next_to_wide_texts() -> None:
    model = TableModel(COLUMNS)
    model.resize(9)
    model.update(
        [
            Row("a", (Cell("1"), Cell("5m"), Cell("No data"))),
            Row("b", (Cell("株式会社"), Cell("e\u0301"), Cell("[/foo]\nx"))),
            Row("c", (Cell("1234567"), Cell("123456"))),
        ]
    )
    lines = Lines(COLUMNS, 30, UNICODE)
    assert text(lines.title(Sort(1))) == "  id      age▲ error          "
    assert drawn(lines, model) == [
        "  1         5m No data        ",
        "  株式…      e\u0301 [/foo]·x       ",
        "  12345… 1234…                ",
    ]


def test_groups_span_the_width_and_show_what_they_hold() -> None:
    model = TableModel(COLUMNS)
    model.resize(3)
    group = Group("g", line(Span("11 x", "bad"), " No data for {symbol}"), line("79 %"))
    row = Row("r", (Cell("1"), Cell("5m"), Cell("No data")), "g")
    model.update([group, row])
    lines = Lines(COLUMNS, 24, UNICODE)
    assert drawn(lines, model) == ["▾ 11 x No data fo… 79 % ", "  1         5m No data  "]
    model.update([group, row, *(row._replace(key=str(n)) for n in range(9))])
    model.move(1)
    model.mark()
    assert [each[:2] for each in drawn(lines, model)] == ["▾•", "• ", " ▎"]
    assert drawn(lines, model)[0].endswith(" 79 %┃")
    assert drawn(lines, model)[2].endswith(" ")
    model.fold(opened=False)
    model.marks.toggle(model.marks.keys)
    assert [each[:2] for each in drawn(lines, model)] == ["▸▎"]
    model.acknowledge()
    assert [each[:2] for each in drawn(Lines(COLUMNS, 24, ASCII), model)] == ["> "]


def test_a_cell_of_a_line_knows_its_column() -> None:
    lines = Lines(COLUMNS, 30, UNICODE)
    found = [lines.column_at(x) for x in range(30)]
    assert found == [None] * GUTTER + [0] * 6 + [None] + [1] * 5 + [None] + [2] * 14 + [None] * RAIL
