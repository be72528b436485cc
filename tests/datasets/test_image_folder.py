"""A folder of pictures from its path to arrays, as a person uses it."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403
from folder_fixtures import blobs, class_folders, save
from PIL import Image

import striate
from striate.datasets import image_folder
from striate.datasets.folders import BrokenPictures, Rows
from striate.datasets.folders.store import Recipe
from striate.errors import ArgumentError, DataError
from striate.images import Preprocessing, read_image, read_prepared


@pytest.fixture
def animals(tmp_path):
    return class_folders(tmp_path / "animals", {"cats": 20, "dogs": 20, "a bird": 10})


def test_a_folder_becomes_arrays(animals):
    folder = striate.datasets.image_folder(animals)
    assert len(folder) == 50
    assert folder.class_names == ("a bird", "cats", "dogs")
    assert (folder.target_kind, folder.targets.dtype) == ("multinomial", np.int32)
    assert folder.preprocessing == Preprocessing((24, 32), 3, fit="stretch")
    sizes = {part: len(folder.rows(part)) for part in ("train", "validation", "test", "all")}
    assert sizes == {"train": 40, "validation": 5, "test": 5, "all": 50}
    train = folder.split("train")
    assert (train.x.shape, train.x.dtype, train.y.shape, len(train.files), len(train)) == (
        (40, 24, 32, 3), np.uint8, (40,), 40, 40)  # fmt: skip
    for row in (0, 17, 39):
        place = folder.place(train.indices[row])
        assert place == animals / train.files[row]
        assert (train.x[row] == read_image(place)).all()
        assert folder.class_names[train.y[row]] == place.parent.name
    assert (folder.read([3, 1]) == folder.split("all").x[[3, 1]]).all()
    assert (folder.sizes == (24, 32)).all()


def test_all_said_in_sentences(animals):
    assert image_folder(animals).text() == (
        "50 pictures. Answers: multinomial, because there are 3 classes, one for each picture.\n"
        "They are: a bird, cats, dogs.\n"
        "All 50 pictures are 24 x 32 (height x width) and stay as they are. "
        "They are read in colour, for not all are grey.\n"
        "40 pictures to train, 5 to validate, 5 to test; validation and test drawn from all, "
        "class by class, look-alikes together, with seed 0."
    )


def test_the_same_in_every_form_and_place(animals, tmp_path):
    first = image_folder(animals)
    assert image_folder(str(animals), workers=2).digest == first.digest
    moved = shutil.copytree(animals, tmp_path / "elsewhere")
    assert image_folder(moved).digest == first.digest
    assert image_folder(animals, seed=1).digest != first.digest
    assert image_folder(animals, size=16).digest != first.digest
    facts = json.loads(json.dumps(first.to_json(), allow_nan=False))
    assert (facts["pictures"], facts["target"], facts["digest"]) == (50, "multinomial", first.digest)


def test_workers_and_this_process_decode_the_same(animals, tmp_path, monkeypatch):
    alone = image_folder(animals, size=(20, 28), fit="pad", workers=0).split("all").x
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "other"))
    assert (image_folder(animals, size=(20, 28), fit="pad", workers=2).split("all").x == alone).all()


def test_the_second_time_nothing_is_decoded(animals, monkeypatch):
    before = image_folder(animals)
    monkeypatch.setattr(
        "striate.images.worker.decoded", lambda *_: pytest.fail("a cached picture was decoded")
    )
    (animals / "cats/000.png").rename(animals / "cats/zzz.png")
    after = image_folder(animals)
    assert after.files[-21] == "cats/zzz.png"
    assert (after.split("all").x[-21] == before.split("all").x[10]).all()


def test_a_changed_picture_is_decoded_again(animals):
    before = image_folder(animals)
    save(animals / "cats/000.png", blobs(77))
    after = image_folder(animals)
    changed = [row for row in range(50) if (before.read([row]) != after.read([row])).any()]
    assert [after.files[row] for row in changed] == ["cats/000.png"]
    assert (after.read(changed)[0] == np.asarray(blobs(77))).all()


def test_a_file_that_is_there_many_times_is_decoded_once(tmp_path, monkeypatch):
    class_folders(tmp_path, {"a": 3, "b": 3})
    for number in range(20):
        shutil.copy(tmp_path / "a/001.png", tmp_path / f"a/copy-{number}.png")
    decoded = []
    plain = striate.images.worker._decoded
    monkeypatch.setattr(
        "striate.images.worker._decoded", lambda *given: decoded.append(given[1]) or plain(*given)
    )
    folder = image_folder(tmp_path, validation=0, test=0)
    assert (len(folder), len(decoded)) == (26, 6)
    assert [len(group) for group in folder.groups] == [21]


def test_broken_pictures_stop_the_work_and_are_all_listed(animals):
    (animals / "cats/000.png").write_bytes((animals / "cats/001.png").read_bytes()[:-200])
    (animals / "dogs/empty.jpg").touch()
    (animals / "dogs/no.gif").write_bytes(b"not a picture")
    (animals / "dogs/phone.heic").write_bytes(b"x")
    Image.new("F", (4, 4)).save(animals / "dogs/float.tiff")
    with pytest.raises(BrokenPictures) as caught:
        image_folder(animals)
    assert str(caught.value) == (
        f"{animals}: 5 of 54 pictures cannot be used; expected pictures that can be read.\n"
        "  Mend or remove them, or leave them out with --skip-broken (in Python skip_broken=True):\n"
        "  cats/000.png: it cannot be decoded (image file is truncated)\n"
        "  dogs/empty.jpg: it is empty\n"
        "  dogs/float.tiff: its pixels are of the kind 'F'; "
        "expected grey, colour, palette or CMYK of 8 bits\n"
        "  dogs/no.gif: it is not recognized as a picture\n"
        "  dogs/phone.heic: HEIC pictures are not read; save it as PNG or JPEG"
    )
    folder = image_folder(animals, skip_broken=True)
    assert len(folder) == 49
    assert folder.broken == caught.value.broken
    assert "Left out, for they cannot be used: 5." in folder.text()
    assert not {each.file for each in folder.broken} & set(folder.files)


def test_many_broken_pictures_are_counted(tmp_path):
    class_folders(tmp_path, {"a": 3, "b": 3})
    for number in range(30):
        (tmp_path / f"a/x{number:02}.png").write_bytes(b"x")
    with pytest.raises(BrokenPictures) as caught:
        image_folder(tmp_path)
    lines = str(caught.value).split("\n")
    assert lines[21:] == ["  a/x19.png: it is not recognized as a picture", "  and 10 more"]
    assert len(caught.value.broken) == 30


def test_a_folder_of_broken_pictures_alone(tmp_path):
    for name in ("a/1.png", "b/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(BrokenPictures, match="2 of 2 pictures cannot be used"):
        image_folder(tmp_path, skip_broken=True)


def test_a_class_that_was_broken_throughout_is_noted(animals):
    (animals / "fish").mkdir()
    (animals / "fish/1.png").write_bytes(b"x")
    folder = image_folder(animals, skip_broken=True)
    assert folder.class_names == ("a bird", "cats", "dogs")
    assert "no picture of fish can be read" in str(folder.notes[0])


def test_a_picture_too_large_for_the_memory_is_broken(animals):
    save(animals / "cats/large.png", Image.new("L", (2600, 2600)))
    with pytest.raises(BrokenPictures) as caught:
        image_folder(animals, memory=64 * 2**20)
    assert "cats/large.png: it is 2600 x 2600 pixels; expected at most 5,592,405 pixels" in str(caught.value)
    assert len(image_folder(animals, memory=128 * 2**20)) == 51


def test_a_picture_that_changes_meanwhile_is_broken(animals, monkeypatch):
    plain = striate.images.worker._surveyed
    monkeypatch.setattr(
        "striate.images.worker._surveyed", lambda *given: {**plain(*given), "sha256": "00" * 32}
    )
    with pytest.raises(BrokenPictures, match="it was changed while it was being read"):
        image_folder(animals)


def test_given_parts_are_kept(tmp_path):
    root = class_folders(tmp_path, {"train/a": 20, "train/b": 20, "test/a": 4, "test/b": 3})
    folder = image_folder(root)
    assert [name for name in folder.files if name.startswith("test/")] == list(folder.split("test").files)
    assert len(folder.rows("validation")) == 4
    assert folder.split_reason == (
        "36 pictures to train, 4 to validate, 7 to test; train, test as given, validation drawn from the "
        "training pictures, class by class, look-alikes together, with seed 0."
    )
    class_folders(root, {"val/a": 2, "val/b": 2})
    assert image_folder(root).split_reason == "40 pictures to train, 4 to validate, 7 to test: as given."


def test_look_alikes_stay_on_one_side(tmp_path):
    for number in range(40):
        for copy in range(3):
            picture = blobs(number, 64 + 8 * copy, 64 + 8 * copy)
            save(tmp_path / f"{'ab'[number % 2]}/{number:02}-{copy}.jpg", picture, quality=60 + 15 * copy)
    folder = image_folder(tmp_path, validation=0.2, test=0.2)
    assert len(folder.groups) == 40
    for group in folder.groups:
        assert len({folder.files[index][:4] for index in group}) == 1
        assert len({folder.parts[index] for index in group}) == 1
    assert np.bincount(folder.parts).tolist() == [72, 24, 24]
    assert "120 pictures look like others (groups: 40)." in folder.text()


def test_copies_with_other_labels_across_parts_and_within_the_test_are_noted(tmp_path):
    root = class_folders(tmp_path, {"train/a": 4, "train/b": 4, "test/a": 2, "test/b": 2})
    shutil.copy(root / "train/a/000.png", root / "train/b/copy.png")
    shutil.copy(root / "train/b/000.png", root / "test/b/leak.png")
    shutil.copy(root / "test/a/000.png", root / "test/a/twice.png")
    notes = [str(note).split("\n")[0] for note in image_folder(root, validation=0).notes]
    assert notes == [
        f"{root}: look-alikes have different labels (1): train/a/000.png = train/b/copy.png; "
        "expected the same label for the same picture.",
        f"{root}: look-alikes lie on two sides of the given split (1): test/b/leak.png = train/b/000.png; "
        "expected no picture on two sides.",
        f"{root}: look-alikes lie in the test part together (1): test/a/000.png = test/a/twice.png; "
        "expected each test picture once.",
    ]


def test_classes_without_training_pictures_are_noted(tmp_path):
    root = class_folders(tmp_path, {"train/a": 4, "train/b": 4, "test/c": 2})
    notes = [str(note) for note in image_folder(root, validation=0).notes]
    assert notes[0] == (
        f"{root}: the train part has no picture of c; expected pictures of every class.\n"
        "  Add pictures of them."
    )
    assert "the test part has no picture of a, b" in notes[1]


def test_too_few_pictures_to_split(tmp_path):
    root = class_folders(tmp_path, {"a": 2, "b": 1})
    with pytest.raises(DataError) as caught:
        image_folder(root)
    assert str(caught.value) == (
        f"{root}: its 3 pictures leave none for: validation, test; expected pictures for each part.\n"
        "  Add pictures: three of a class, that are no copies of each other, can be split."
    )
    assert len(image_folder(root, validation=0, test=0)) == 3


def test_a_table_of_numbers(tmp_path):
    root = class_folders(tmp_path / "p", {".": 40})
    lines = [f"{number:03}.png,{number / 8}" for number in range(40)]
    (tmp_path / "angles.csv").write_text("file,angle\n" + "\n".join(lines))
    folder = image_folder(root, table=tmp_path / "angles.csv")
    assert (folder.target_kind, folder.class_names, folder.target_names) == ("continuous", (), ("angle",))
    test = folder.split("test")
    assert [f"{8 * value:03.0f}.png" for value in test.y] == list(test.files)
    assert (test.y.dtype, len(test)) == (np.float32, 4)
    assert folder.text().startswith(
        "40 pictures. Answers: continuous, because the column angle holds 40 different numbers.\n"
        "They are: angle.\n"
    )


def test_a_table_of_labels_and_parts(tmp_path):
    root = class_folders(tmp_path / "p", {"x": 6})
    rows = [
        {"file": f"x/{n:03}.png", "tags": tags, "split": part}
        for n, (tags, part) in enumerate(
            [
                (["a"], "train"),
                (["b"], "train"),
                (["a", "b"], "train"),
                ([], "val"),
                (["a"], "test"),
                (["b"], "test"),
            ]
        )
    ]
    (tmp_path / "tags.jsonl").write_text("\n".join(map(json.dumps, rows)))
    folder = image_folder(root, table=tmp_path / "tags.jsonl", label_column="tags")
    assert (folder.target_kind, folder.class_names) == ("multilabel", ("a", "b"))
    assert folder.split("train").y.tolist() == [[1, 0], [0, 1], [1, 1]]
    assert folder.split("test").files == ("x/004.png", "x/005.png")


def test_a_large_part_stays_on_the_disk(animals, monkeypatch):
    folder = image_folder(animals)
    array = folder.split("train").x
    large = type(folder)(**{**vars(folder), "memory": array.nbytes - 1})
    split = large.split("train")
    assert isinstance(split.x, Rows)
    assert isinstance(large.split("test").x, np.ndarray)
    assert (np.asarray(split.x) == array).all()
    one, two = (list(each.batches(16, seed=2)) for each in (split, folder.split("train")))
    assert all((a[0] == b[0]).all() and (a[1] == b[1]).all() for a, b in zip(one, two, strict=True))


def test_statistics(animals):
    folder = image_folder(animals)
    mean, std = folder.statistics()
    values = folder.split("train").x.astype(np.float64) / 255
    np.testing.assert_allclose(mean, values.mean((0, 1, 2)), atol=1e-12)
    np.testing.assert_allclose(std, values.std((0, 1, 2)), atol=1e-10)


def test_grey_pictures_have_one_channel(tmp_path):
    for number in range(6):
        save(tmp_path / f"{'ab'[number % 2]}/{number}.png", blobs(number).convert("L"))
    folder = image_folder(tmp_path, validation=0, test=0)
    assert folder.split("train").x.shape == (6, 24, 32, 1)
    assert folder.size_reason.endswith("They are read in grey, for all of them are.")
    save(tmp_path / "a/colour.png")
    assert image_folder(tmp_path, validation=0, test=0).split("train").x.shape == (7, 24, 32, 3)
    assert image_folder(tmp_path, channels=1, validation=0, test=0).split("train").x.shape == (7, 24, 32, 1)


def test_a_models_preprocessing(animals):
    recipe = Preprocessing((12, 10), 1, 1.0, mean=0.5, fit="crop")
    folder = image_folder(animals, preprocessing=recipe)
    assert folder.preprocessing == recipe
    assert folder.size_reason == (
        "The pictures become 12 x 10 (height x width), as the given preprocessing says."
    )
    assert (folder.read([7])[0] == read_prepared(folder.place(7), recipe)).all()


def test_a_model_may_be_tested_on_one_class(tmp_path):
    root = class_folders(tmp_path, {"cats": 3})
    with pytest.raises(DataError, match="all pictures are of one class, cats"):
        image_folder(root, validation=0, test=0)
    for target in ("binary", "multinomial", None):
        folder = image_folder(root, preprocessing=Preprocessing((8, 8)), target=target, validation=0, test=0)
        assert (folder.class_names, folder.targets.tolist()) == (("cats",), [0, 0, 0])


def test_everything_wrong_with_the_arguments_is_told_at_once(animals):
    with pytest.raises(ArgumentError) as caught:
        image_folder(animals, size=(0, 8), fit="squash", channels=2, seed=-1, validation=1.5, test=True,
                     workers=1.5, memory=10, label_column="x", preprocessing=Preprocessing())  # fmt: skip
    assert [problem.where for problem in caught.value.problems] == [
        "validation", "test", "size", "fit", "channels", "seed", "workers", "memory", "preprocessing",
        "label_column",
    ]  # fmt: skip
    with pytest.raises(ArgumentError, match="leave nothing to train with"):
        image_folder(animals, validation=0.5, test=0.5)
    with pytest.raises(ArgumentError, match="it has no size"):
        image_folder(animals, preprocessing=Preprocessing())
    with pytest.raises(ArgumentError, match="expected 'train', 'validation', 'test' or 'all'"):
        image_folder(animals).rows("val")


def test_progress_is_told(animals):
    told = []
    image_folder(animals, progress=lambda *given: told.append(given))
    assert {what for what, _, _ in told} == {"reading headers", "decoding"}
    assert told[-1] == ("decoding", 50, 50)


def test_ctrl_c_keeps_what_was_decoded(animals):
    def stop(what, done, total):
        if what == "decoding" and done >= 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        image_folder(animals, size=20, progress=stop)
    assert not [path for path in Recipe((20, 20), 3, "crop").folder.iterdir() if path.name.startswith(".")]
    told = []
    image_folder(animals, size=20, progress=lambda *given: told.append(given))
    assert told[-1] == ("decoding", 18, 18)


KILLED = """
import sys
import striate as st
st.datasets.image_folder(sys.argv[1], size=48, workers=2)
"""


@pytest.mark.slow
def test_killed_at_random_instants_it_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    root = class_folders(tmp_path / "pictures", {"a": 300, "b": 300}, height=200, width=300)
    monkeypatch.setattr("striate.datasets.folders.store.SHARD_BYTES", 2**19)
    undisturbed = image_folder(root, size=48)
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "other"))
    random = np.random.default_rng(0)
    for _ in range(6):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(root)])
        time.sleep(random.uniform(0.3, 2.5))
        process.kill()
        process.wait()
    after = image_folder(root, size=48)
    assert after.digest == undisturbed.digest
    assert (after.split("all").x == undisturbed.split("all").x).all()


def test_a_script_needs_no_main_guard(animals, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        f"import striate as st\nfolder = st.datasets.image_folder({str(animals)!r}, workers=2)\n"
        "print(len(folder))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("50\n", "")


def test_decoding_does_not_need_jax(animals):
    code = (
        "import sys, striate as st; folder = st.datasets.image_folder(sys.argv[1]);"
        "folder.split('train'); print('jax' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(animals)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
