"""Classes and parts read off the names of folders."""

import pytest

from striate.datasets.folders.layout import TEST, TRAIN, UNKNOWN, VALIDATION, list_classes, some
from striate.datasets.folders.walking import Broken, walk
from striate.errors import DataError


def listing(root, *names):
    for name in names:
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
    return list_classes(root, walk(root))


def refused(root, *names):
    with pytest.raises(DataError) as caught:
        listing(root, *names)
    return str(caught.value)


def test_class_folders(tmp_path):
    found = listing(tmp_path, "dogs/1.jpg", "cats/2.PNG", "cats/deep/er/1.webp", "cats/notes.txt")
    assert found.files == ("cats/2.PNG", "cats/deep/er/1.webp", "dogs/1.jpg")
    assert found.answers == ("cats", "cats", "dogs")
    assert found.given == (UNKNOWN,) * 3
    assert (found.columns, found.refused, found.notes) == ((), (), ())


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "VAL", "dev"])
def test_parts_of_any_spelling(tmp_path, validation):
    found = listing(tmp_path, "Train/a/1.png", f"{validation}/a/1.png", "test/b/1.png")
    assert dict(zip(found.files, found.given, strict=True)) == {
        "Train/a/1.png": TRAIN,
        f"{validation}/a/1.png": VALIDATION,
        "test/b/1.png": TEST,
    }
    assert sorted(found.answers) == ["a", "a", "b"]


def test_a_class_may_be_called_train(tmp_path):
    found = listing(tmp_path, "train/1.png", "bus/1.png", "car/1.png")
    assert found.answers == ("bus", "car", "train")
    assert listing(tmp_path / "x", "test/1.png", "a/1.png").answers == ("a", "test")


def test_parts_beside_other_folders_are_unclear(tmp_path):
    assert refused(tmp_path, "train/a/1.png", "test/a/1.png", "more/1.png") == (
        f"{tmp_path}: beside train/, which holds class folders, there are pictures in more/; "
        "expected train/, val/ and test/ alone.\n"
        "  Move the others out of this folder, or name one of them."
    )


def test_folders_without_pictures_do_not_make_parts_unclear(tmp_path):
    assert listing(tmp_path, "train/a/1.png", "labels/a.txt").given == (TRAIN,)


def test_pictures_outside_of_class_folders(tmp_path):
    assert refused(tmp_path, "1.png", "a/1.png") == (
        f"{tmp_path}: pictures lie outside of class folders (1): 1.png; "
        "expected each picture in a folder CLASS/.\n"
        "  Move them into the folder of their class, or give a table of labels: table='labels.csv'."
    )
    names = [f"test/{number}.png" for number in range(7)]
    assert refused(tmp_path / "x", "train/a/1.png", *names) == (
        f"{tmp_path}/x: pictures lie outside of class folders (7): "
        "test/0.png, test/1.png, test/2.png, test/3.png, test/4.png and 2 more; "
        "expected each picture in a folder train/CLASS/.\n"
        "  Move them into the folder of their class, or give a table of labels: table='labels.csv'."
    )


def test_a_folder_without_pictures_says_what_it_holds(tmp_path):
    assert refused(tmp_path, "a.txt", "b/b.txt", "b/c") == (
        f"{tmp_path}: it holds no pictures (2 x .txt, 1 x no ending); "
        "expected JPEG, PNG, WebP, GIF, BMP or TIFF files in class folders.\n"
        "  Name the folder that holds a folder of pictures for each class."
    )
    (tmp_path / "empty").mkdir()
    assert "it holds no pictures (no files)" in refused(tmp_path / "empty")


def test_pictures_of_other_formats_are_not_passed_over_in_silence(tmp_path):
    found = listing(tmp_path, "a/1.png", "a/2.HEIC", "b/3.svg")
    assert found.files == ("a/1.png",)
    assert found.refused == (
        Broken("a/2.HEIC", "HEIC pictures are not read; save it as PNG or JPEG"),
        Broken("b/3.svg", "SVG pictures are not read; save it as PNG or JPEG"),
    )


def test_links_count_when_they_would_have_been_pictures_or_folders(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/notes.txt").symlink_to("/etc/hostname")
    (tmp_path / "a/2.png").symlink_to("/etc/hostname")
    (tmp_path / "b").symlink_to("/etc")
    assert [each.file for each in listing(tmp_path, "a/1.png").refused] == ["a/2.png", "b"]


def test_empty_class_folders_are_noted(tmp_path):
    (tmp_path / "birds").mkdir()
    found = listing(tmp_path, "cats/1.png", "fish/notes.txt")
    assert [str(note) for note in found.notes] == [
        f"{tmp_path}: no pictures are in birds, fish; expected pictures in each class folder.\n"
        "  Nothing needs to be done, unless pictures are missing."
    ]
    assert found.notes[0].severity == "warning"
    (tmp_path / "x/test/cats").mkdir(parents=True)
    assert "no pictures are in test/cats;" in str(listing(tmp_path / "x", "train/cats/1.png").notes[0])


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "\x1b[2Jclear",
    "\u202eevil",
    "a\nb",
    "-rf",
    "%s{0}",
    "' OR 1=1",
    " x ",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_class_names_stay_what_they_are(tmp_path, name):
    found = listing(tmp_path, f"{name}/1.png", "b/1.png")
    assert set(found.answers) == {name, "b"}


def test_hostile_names_are_made_visible_in_messages(tmp_path):
    said = refused(tmp_path, "\x1b[2J.png", "a/\u202egnp.png")
    assert "\x1b" not in said
    assert "'\\x1b[2J.png'" in said


def test_one_class_name_in_two_spellings_of_its_accent_is_one_class(tmp_path):
    assert set(listing(tmp_path, "caf\u00e9/1.png", "cafe\u0301/2.png").answers) == {"caf\u00e9"}


def test_some_names():
    assert some(["\u202ea"]) == "'\\u202ea'"
