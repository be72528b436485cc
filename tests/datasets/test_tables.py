"""Tables of labels: strict about rows, columns and files, and never a way out of the folder."""

import pytest

from striate.datasets.folders._table_text import read_rows
from striate.datasets.folders.layout import TEST, TRAIN, UNKNOWN, VALIDATION
from striate.datasets.folders.tables import list_table
from striate.datasets.folders.walking import Broken, walk
from striate.errors import ArgumentError, DataError

MEND = "\n  Mend the table in a spreadsheet or an editor and save it as UTF-8."


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "pictures"
    for name in ("a.png", "b.png", "sub/c.jpg", "plain"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def table(root, text, name="labels.csv"):
    path = root.parent / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def listed(root, text, **options):
    return list_table(root, walk(root), table(root, text), **options)


def refused(root, text, error=DataError, **options):
    with pytest.raises(error) as caught:
        listed(root, text, **options)
    return str(caught.value)


def test_a_csv_file_in_any_order(root):
    found = listed(root, "label,file\ndog,sub/c.jpg\ncat,./a.png\n")
    assert (found.files, found.answers, found.columns) == (("a.png", "sub/c.jpg"), ("cat", "dog"), ("label",))
    assert found.given == (UNKNOWN, UNKNOWN)
    assert [str(note) for note in found.notes] == [
        f"{root}: pictures are not in the table (1): b.png; expected a row for each picture.\n"
        "  Nothing needs to be done, unless rows are missing."
    ]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(root, separator):
    text = f"file{separator}label\na.png{separator}1,5\nb.png{separator}2\n"
    assert listed(root, text).answers == ("1,5", "2")


def test_quotes_byte_order_marks_and_windows_line_ends(root):
    found = listed(root, b'\xef\xbb\xbffile,label\r\na.png,"x, ""y"""\r\n\r\nb.png, z \r\n')
    assert found.answers == ('x, "y"', "z")


def test_json_lines(root):
    lines = '{"picture": "a.png", "labels": ["red", "round"]}\n\n{"labels": [], "picture": "b.png"}\n'
    found = listed(root, lines)
    assert (found.files, found.answers, found.columns) == (
        ("a.png", "b.png"),
        (["red", "round"], []),
        ("labels",),
    )


def test_numbers_of_json_keep_their_kind(root):
    _, rows = read_rows(table(root, '{"file": "a.png", "x": 1, "y": 2.5, "z": true}'))
    assert rows == [{"file": "a.png", "x": 1, "y": 2.5, "z": True}]


def test_several_columns_by_name(root):
    text = "file,who,x,y\na.png,me,1,2\nb.png,me,3,4\n"
    assert listed(root, text, label_column=["y", "x"]).answers == (("2", "1"), ("4", "3"))
    assert refused(root, text, ArgumentError) == (
        "labels.csv: beside file it has the columns who, x, y; expected one column of labels or numbers.\n"
        "  Say which column holds the answers: label_column='…'."
    )
    assert refused(root, text, ArgumentError, label_column="z") == (
        "label_column: there is no column 'z' in labels.csv; expected one of file, who, x, y.\n"
        "  Choose one of them."
    )


def test_the_column_of_files(root):
    text = "id,label\na.png,1\nb.png,2\n"
    assert listed(root, text, file_column="id").files == ("a.png", "b.png")
    assert refused(root, text, ArgumentError) == (
        "labels.csv: it has the columns id, label; expected one column called file.\n"
        "  Say which column names the files: file_column='…'."
    )
    assert "expected one column called file" in refused(root, "file,image,y\na.png,a.png,1\n", ArgumentError)
    assert "beside file it has no column" in refused(root, "file\na.png\n", ArgumentError)


def test_a_column_of_parts(root):
    text = "file,label,split\na.png,1,train\nb.png,2,Val\nsub/c.jpg,3,test\n"
    assert listed(root, text).given == (TRAIN, VALIDATION, TEST)
    assert refused(root, "file,label,split\na.png,1,holdout\nb.png,2,\n") == (
        f"labels.csv: the column split says holdout (a.png),  (b.png); "
        f"expected train, validation or test in each row.{MEND}"
    )


def test_files_that_are_missing_or_named_twice_are_told_together(root):
    said = refused(root, "file,label\na.png,1\na.png,2\nx.png,1\nc.jpg,2\n")
    assert said == (
        "2 problems:\n"
        "1. labels.csv: it names files that are not there (2): x.png, c.jpg; "
        "expected names of files in the folder.\n"
        "  Give names below the folder, with / between the parts.\n"
        "2. labels.csv: it names files more than once (1): a.png; expected each file once.\n"
        "  Keep one row for each picture; several labels are separated by |."
    )


@pytest.mark.parametrize(("name", "real"), [("a", "a.png"), ("c.jpg", "sub/c.jpg")])
def test_a_near_name_is_suggested(root, name, real):
    said = refused(root, f"file,label\n{name},1\n")
    assert said.endswith(f"The file is called {real}: give its whole name below the folder.")


@pytest.mark.parametrize(
    "name", ["../labels.csv", "/etc/passwd", "sub/../a.png", "sub\\c.jpg", "a.png\x00", "C:a.png", ""]
)
def test_names_that_lead_elsewhere_are_simply_not_there(root, name):
    quoted = '"' + name.replace('"', '""') + '"'
    assert "files that are not there" in refused(root, f"file,label\n{quoted},1\nb.png,2\n")


def test_pictures_that_the_walk_refused_are_broken_and_not_missing(root):
    (root / "away.png").symlink_to("/etc/hostname")
    found = listed(root, "file,label\na.png,1\naway.png,2\n")
    assert found.files == ("a.png",)
    assert found.refused == (Broken("away.png", "it is a link that leaves the folder"),)


BROKEN = {
    "": "it is empty; expected a line with the names of the columns",
    "file,label\n": "it has no rows; expected a row for each picture",
    "file,label\na.png\n": "line 2 has 1 cells; expected 2 cells: file, label",
    "file,label\na.png,1\nb.png,2,3\n": "line 3 has 3 cells; expected 2 cells: file, label",
    "file,file\na.png,1\n": (
        "the column file is there twice; expected a first line with a name for each column"
    ),
    "file,\na.png,1\n": "a column has no name; expected a first line with a name for each column",
    'file,label\n"a.png,1\n': "line 2 is no CSV (unexpected end of data); expected CSV",
    '{"file": "a.png"\n': "line 1 is no JSON (Expecting ',' delimiter); expected a JSON object a line",
    '{"file": "a.png", "x": NaN}': "line 1 is no JSON (NaN is no number); expected a JSON object a line",
    '{"file": "a.png", "file": "b.png"}': (
        "line 1 is no JSON (a name is there twice); expected a JSON object a line"
    ),
    '{"file": "a.png", "x": null}': (
        "line 1: x is NoneType; expected text, a finite number, true, false, or a list of text"
    ),
    '{"file": "a.png", "x": 1e999}': (
        "line 1: x is float; expected text, a finite number, true, false, or a list of text"
    ),
    '{"file": "a.png", "x": [1]}': (
        "line 1: x is list; expected text, a finite number, true, false, or a list of text"
    ),
    '{"file": "a.png", "x": 1}\n[1]': "line 2 is no JSON object; expected a JSON object a line",
    '{"file": "a.png", "x": 1}\n{"file": "b.png"}': (
        "line 2 has the names file; expected the names file, x in every line"
    ),
}


@pytest.mark.parametrize("text", BROKEN)
def test_broken_tables(root, text):
    assert refused(root, text) == f"labels.csv: {BROKEN[text]}.{MEND}"


def test_tables_that_cannot_be_read(root, monkeypatch):
    assert refused(root, b"file,label\n\xff,1\n") == (
        f"labels.csv: byte 11 is not UTF-8; expected UTF-8 text.{MEND}"
    )
    with pytest.raises(DataError, match="it is a folder or a device"):
        read_rows(root)
    with pytest.raises(DataError, match=r"none\.csv: it cannot be read \(No such file or directory\)"):
        read_rows(root / "none.csv")
    monkeypatch.setattr("striate.datasets.folders._table_text.MAX_BYTES", 8)
    assert "it has more than 8 bytes" in refused(root, "file,label\na.png,1\n")


def test_too_many_rows(root, monkeypatch):
    monkeypatch.setattr("striate.datasets.folders._table_text.MAX_ROWS", 1)
    assert "it has more than 1 rows" in refused(root, "file,label\na.png,1\nb.png,2\n")


def test_deep_json_is_refused(root):
    assert "line 1 is no JSON" in refused(root, '{"x": ' + "[" * 100_000)
