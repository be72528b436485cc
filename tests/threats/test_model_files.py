"""A model file is data: forged files, an audit hook, mutations, and what the source may not contain."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from forged_models import FORGERIES, MESSAGES, forged_models
from forging import Forge, honest_network

from striate.errors import FormatError
from striate.formats import load_model, save_model
from striate.images import Preprocessing

HERE = Path(__file__).parent
SOURCE = HERE.parent.parent / "src" / "striate"


def watched(*arguments, timeout=240):
    """What the watched process printed; it fails if the process was ended or found something."""
    command = [sys.executable, str(HERE / "hostile_models.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_there_are_many_forged_files_and_each_has_a_message():
    assert len(FORGERIES) >= 150
    assert list(json.loads(MESSAGES.read_text(encoding="utf-8"))) == list(FORGERIES)


def test_an_honest_file_made_by_hand_is_loaded_and_is_what_we_would_write(tmp_path):
    (tmp_path / "hand.striate").write_bytes(Forge().file())
    model = load_model(tmp_path / "hand.striate")
    assert model.network == honest_network()
    assert model.class_names == ("no", "yes")
    assert model.preprocessing == Preprocessing(size=(4, 4), channels=1)
    assert model.training == {"epochs": 3, "loss": [0.5, 0.25]}
    save_model(
        tmp_path / "ours.striate",
        model.network,
        model.variables,
        preprocessing=model.preprocessing,
        class_names=model.class_names,
        training=model.training,
    )
    assert (tmp_path / "ours.striate").read_bytes() == (tmp_path / "hand.striate").read_bytes()


def test_every_forged_file_is_refused_in_these_very_words(tmp_path):
    differing = {}
    for forged in forged_models():
        path = tmp_path / forged.file_name
        path.write_bytes(forged.data)
        with pytest.raises(FormatError) as caught:
            load_model(path)
        path.unlink()
        if str(caught.value) != forged.message:
            differing[forged.name] = str(caught.value)
    assert differing == {}


def test_forged_files_run_nothing_import_nothing_write_nothing_and_take_little_memory():
    said = json.loads(watched("corpus"))
    assert said == {forged.name: forged.message for forged in forged_models()}


def test_the_watch_notices_what_it_should():
    program = (
        "import sys, tempfile, tracemalloc; from pathlib import Path\n"
        f"sys.path.insert(0, {str(HERE)!r}); sys.argv = ['x']\n"
        "import hostile_models as h; tracemalloc.start(); sys.addaudithook(h.watch)\n"
        "path = Path(tempfile.mkdtemp()) / 'a'\n"
        "deeds = [lambda: exec('1'), lambda: __import__('this_is_no_module'),\n"
        "         lambda: open(path, 'w').close(),\n"
        "         lambda: __import__('socket').socket(), lambda: __import__('os').system('true'),\n"
        "         lambda: __import__('subprocess').run(['true']), lambda: __import__('os').unlink(path),\n"
        "         lambda: __import__('pickle').loads(b'cos\\nsystem\\n.'), lambda: bytearray(2**23)]\n"
        "for number, deed in enumerate(deeds):\n"
        "    def loaded(_, deed=deed):\n        try: deed()\n        except ImportError: pass\n"
        "    h.load_model = loaded\n"
        "    try: h.load(path, b'', h.SMALL)\n"
        "    except SystemExit: print(number)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == [str(number) for number in range(9)]


def test_changed_files_give_a_model_or_our_own_error():
    loaded, refused = map(int, watched("mutations", 1500).split())
    assert loaded + refused == 1500
    assert loaded > 10
    assert refused > 1000


def test_the_worst_headers_within_the_caps_take_bounded_memory():
    lines = watched("headers").splitlines()
    assert [line.split()[0] for line in lines] == ["objects", "nested-keys", "one-wide-text"]


def test_the_cap_on_parameters_can_be_lowered_and_comes_before_the_weights(tmp_path):
    path = tmp_path / "honest.striate"
    path.write_bytes(Forge().file())
    assert load_model(path, max_parameters=46).network == honest_network()
    with pytest.raises(FormatError) as caught:
        load_model(path, max_parameters=45)
    assert str(caught.value).startswith(
        "honest.striate, architecture: the network wants 46 weights; expected at most 45.\n"
    )


LOAD_PATH = sorted(
    [
        *(SOURCE / "formats").glob("*.py"),
        *(SOURCE / "network").glob("*.py"),
        *(SOURCE / "images").glob("*.py"),
        *(SOURCE / "layers").glob("*.py"),
        SOURCE / "errors.py",
    ]
)
FORBIDDEN_NAMES = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "globals",
    "locals",
    "breakpoint",
    "input",
}
FORBIDDEN_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "importlib",
    "runpy",
    "ctypes",
}
FORBIDDEN_MODULES |= {
    "subprocess",
    "socket",
    "zipfile",
    "tarfile",
    "shutil",
    "code",
    "codeop",
    "types",
    "builtins",
}
FORBIDDEN_ATTRIBUTES = {
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__reduce__",
    "allow_pickle",
    "system",
    "popen",
}


def guilty_words(source):
    """What a module imports or calls that could turn data into code."""
    words = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            words += [alias.name for alias in node.names if alias.name.split(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in FORBIDDEN_MODULES:
            words.append(node.module)
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            words.append(node.id)
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            words.append(node.attr)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            words.append("allow_pickle")
    return words


@pytest.mark.parametrize("path", LOAD_PATH, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_load_path_has_no_way_from_data_to_code(path):
    assert guilty_words(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from importlib import import_module",
        "eval('1')",
        "np.load(f, allow_pickle=True)",
        "os.system('id')",
    ],
)
def test_the_source_test_can_fail(source):
    assert guilty_words(source) != []
