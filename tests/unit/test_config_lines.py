import tomllib

from hypothesis import given
from hypothesis import strategies as st

from backend.config.lines import key_lines, line_of

TEXT = '''\
# [not.a.table]
top = 1
"quoted key" . 'x.y' = 2

[a.b]        # with [brackets] and "quotes
list = [
  "]",       # ]
  { c = "}" },
]
text = """
[fake]
fake = 1
\\""" still """"
raw = \'\'\'
fake2 = 1\'\'\'
after = 1

[[items]]
name = "first"
[items.sub]
deep = 1
[[items]]
name = "second"
[[items.inner]]
x = 1
[[items.inner]]
x = 2
'''


def test_lines_of_a_tricky_text() -> None:
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    assert lines[("top",)] == 2
    assert lines[("quoted key", "x.y")] == 3
    assert lines[("a", "b")] == 5
    assert lines[("a", "b", "list")] == 6
    assert lines[("a", "b", "text")] == 10
    assert lines[("a", "b", "raw")] == 14
    assert lines[("a", "b", "after")] == 16
    assert lines[("items",)] == 18
    assert lines[("items", 0, "name")] == 19
    assert lines[("items", 0, "sub", "deep")] == 21
    assert lines[("items", 1)] == 22
    assert lines[("items", 1, "name")] == 23
    assert lines[("items", 1, "inner", 0, "x")] == 25
    assert lines[("items", 1, "inner", 1, "x")] == 27
    assert not any("fake" in str(path) for path in lines)


def test_nearest_line_is_used() -> None:
    lines = key_lines("a = { b = { c = 1 } }")
    assert line_of(lines, ("a", "b", "c")) == 1
    assert line_of(lines, ("z",)) is None


@given(st.text(alphabet="ab.=[]{}\"'#\\\n 1", max_size=60))
def test_scanner_never_raises_and_knows_every_top_key(text: str) -> None:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = key_lines(text)
    assert all((key,) in lines or any(path[0] == key for path in lines) for key in tables)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
