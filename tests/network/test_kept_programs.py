"""Compiled programs in later processes: the same numbers, no word anywhere, and nothing from strangers."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import jax
import pytest

from striate.network import _program_folder, kept_programs
from striate.network.kept_programs import Kept, keep_programs

PROGRAM = """
import hashlib, json
import jax, jax.monitoring
import numpy as np
events = []
jax.monitoring.register_event_listener(lambda event, **_: events.append(event.split("/")[-1]))
import striate as st
from striate import layers
from striate.ops import _native
st.utils.set_random_seed(0)
model = st.Sequential([
    st.Input((12, 12, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(2),
    layers.Conv2D(16, 3, activation="relu"), layers.Flatten(), layers.Dense(3, activation="softmax"),
])
model.compile(loss="sparse_categorical_crossentropy")
random = np.random.default_rng(0)
x, y = random.random((64, 12, 12, 1), np.float32), random.integers(0, 3, 64)
model.fit(x, y, batch_size=32, epochs=1, verbose=0, seed=0)
made = jax.tree.leaves(model.variables["params"])
print(json.dumps({
    "digest": hashlib.sha256(b"".join(np.asarray(each).tobytes() for each in made)).hexdigest(),
    "hits": events.count("cache_hits"), "writes": events.count("cache_misses"), "isa": _native.isa(),
}))
"""
HAS_OWNERS = hasattr(os, "geteuid")
needs_owners = pytest.mark.skipif(not HAS_OWNERS, reason="this system does not say who owns a folder")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder of the user's own, and keeping switched on."""
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STRIATE_COMPILE_CACHE", "1")
    return tmp_path / "home"


def train(program=PROGRAM, **environment):
    """What a training in a process of its own made; it must be silent, even where warnings are errors."""
    known = {**os.environ, "PYTHONWARNINGS": "error::UserWarning", **environment}
    done = subprocess.run([sys.executable, "-c", program], env=known, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def entries(home):
    return sorted(home.glob("programs/*/*-cache"))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder that a first process filled, and the weights that it trained."""
    home = tmp_path_factory.mktemp("first")
    found = train(STRIATE_HOME=str(home), STRIATE_COMPILE_CACHE="1")
    assert (found["hits"], found["writes"]) == (0, len(entries(home)))
    return home, found["digest"]


@pytest.fixture
def filled(first, home):
    """The same for a test to spoil; programs are looked for by what they are, wherever the folder is."""
    shutil.copytree(first[0], home)
    return first[1]


@needs_owners
def test_a_later_process_compiles_nothing_and_gets_the_same_bits(filled, home):
    kept = train()
    assert (kept["hits"] >= 1, kept["digest"]) == (True, filled)
    found = entries(home)
    fresh = train(STRIATE_COMPILE_CACHE="0")
    assert (fresh["hits"], fresh["writes"], fresh["digest"]) == (0, 0, filled)
    assert entries(home) == found


@needs_owners
@pytest.mark.parametrize("other", [{"STRIATE_NATIVE": "0"}, {"STRIATE_ISA": "plain"}])
def test_nothing_made_for_other_kernels_is_taken(first, other):
    home = {"STRIATE_HOME": str(first[0])}
    kept, fresh = train(**other, **home, STRIATE_COMPILE_CACHE="1"), train(**other)
    assert (kept["digest"], kept["isa"]) == (fresh["digest"], fresh["isa"])


@needs_owners
def test_damaged_entries_are_removed_and_never_used(filled, home):
    # New entries are unpacked; here each is cut off as by a kill, but for one, which is empty.
    for number, path in enumerate(entries(home)):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2 if number else 0])
    found = train()
    assert (found["digest"], found["hits"]) == (filled, 0)
    # Known ones have a checksum; a bit that turned shows.
    for machine in (home / "programs").iterdir():
        _program_folder.tidy(home / "programs", machine)
    for path in entries(home):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    found = train()
    assert (found["digest"], found["hits"]) == (filled, 0)


AT_THE_LAST_MOMENT = """from striate.network.kept_programs import keep_programs
folder = keep_programs().folder
{}
model.compile("""


@needs_owners
@pytest.mark.parametrize(
    "mishap",
    [
        'for path in folder.glob("*/*-cache"): path.write_bytes(path.read_bytes()[:-9])',
        "import shutil; shutil.rmtree(folder)",
    ],
)
def test_a_mishap_at_the_last_moment_costs_a_compilation(filled, home, mishap):
    found = train(PROGRAM.replace("model.compile(", AT_THE_LAST_MOMENT.format(mishap)))
    assert (found["digest"], found["hits"]) == (filled, 0)


@pytest.fixture
def afresh(home, monkeypatch):
    """A process that has not begun to keep programs; JAX's settings come back to what they were."""
    names = ["jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs"]
    names.append("jax_persistent_cache_enable_xla_caches")
    before = {name: getattr(jax.config, name) for name in names}
    keep_programs.cache_clear()
    with warnings.catch_warnings():
        yield home
    keep_programs.cache_clear()
    for name, value in before.items():
        jax.config.update(name, value)


@needs_owners
def test_the_folder_is_the_users_alone(afresh):
    found = keep_programs()
    assert found == Kept(afresh / "programs", "on", ours=True)
    (folder,) = found.folder.iterdir()
    assert jax.config.jax_compilation_cache_dir == str(folder)
    assert jax.config.jax_persistent_cache_min_compile_time_secs == kept_programs.LEAST_SECONDS
    assert [path.stat().st_mode & 0o777 for path in (found.folder, folder)] == [0o700, 0o700]
    assert kept_programs.planned() is found


def test_the_persons_own_settings_come_first(afresh, monkeypatch):
    monkeypatch.setenv("STRIATE_COMPILE_CACHE", "0")
    assert keep_programs() == Kept(None, "off: STRIATE_COMPILE_CACHE=0")
    keep_programs.cache_clear()
    monkeypatch.delenv("STRIATE_COMPILE_CACHE")
    jax.config.update("jax_compilation_cache_dir", "/of/mine")
    assert keep_programs() == Kept(Path("/of/mine"), "on, as JAX's settings say")
    assert jax.config.jax_compilation_cache_dir == "/of/mine"
    keep_programs.cache_clear()
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        assert keep_programs() == Kept(None, "off: switched off in JAX's settings")
    finally:
        jax.config.update("jax_enable_compilation_cache", True)
    keep_programs.cache_clear()
    jax.config.update("jax_compilation_cache_dir", None)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert keep_programs() == Kept(None, "off: programs for gpu are not kept")
    assert not afresh.exists()


@needs_owners
def test_a_least_time_of_the_persons_own_stays(afresh):
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 5.0)
    assert keep_programs().ours
    assert jax.config.jax_persistent_cache_min_compile_time_secs == 5.0


def others_write(folder):
    folder.chmod(0o777)
    return f"others may write to {folder}"


def a_group_writes(folder):
    os.chown(folder, -1, os.getegid() + 1) if os.geteuid() == 0 else pytest.skip("needs another group")
    folder.chmod(0o775)
    return f"others may write to {folder}"


def a_stranger_owns(folder):
    os.chown(folder, 12345, -1) if os.geteuid() == 0 else pytest.skip("needs another user")
    return f"{folder} belongs to another user"


@needs_owners
@pytest.mark.parametrize("spoil", [others_write, a_group_writes, a_stranger_owns])
@pytest.mark.parametrize("place", [".", "home", "home/programs"])
def test_code_is_not_taken_from_where_others_may_put_it(afresh, tmp_path, spoil, place):
    (afresh / "programs").mkdir(parents=True, mode=0o700)
    why = spoil(tmp_path / place)
    found = keep_programs()
    assert (found.folder, found.why, found.risk) == (None, f"off: {why}", why)
    assert not jax.config.jax_compilation_cache_dir
    assert list((afresh / "programs").iterdir()) == []


@needs_owners
def test_a_link_in_place_of_the_folder_is_refused_and_one_on_the_way_is_followed(afresh, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    afresh.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "programs").symlink_to(tmp_path)
    programs = tmp_path / "elsewhere" / "programs"
    assert keep_programs().why == f"off: {programs} is no folder"
    programs.unlink()
    keep_programs.cache_clear()
    assert keep_programs().folder == programs


@needs_owners
def test_a_place_where_nothing_can_be_written_is_left_alone(afresh, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "file" / "home"))
    assert keep_programs().why.startswith("off: ")
    keep_programs.cache_clear()
    monkeypatch.setenv("STRIATE_HOME", str(afresh))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert keep_programs().why == f"off: {tmp_path} cannot be written"
    keep_programs.cache_clear()
    monkeypatch.undo()
    monkeypatch.setenv("STRIATE_HOME", str(afresh))
    monkeypatch.setenv("STRIATE_COMPILE_CACHE", "1")
    monkeypatch.setattr(
        _program_folder, "tidy", lambda *given: (_ for _ in ()).throw(OSError(30, "Read-only file system"))
    )
    assert keep_programs().why == "off: Read-only file system"


def test_what_was_not_read_for_longest_goes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(_program_folder, "LIMIT_BYTES", 2500)
    for machine, name, age in (("a", "old", 30), ("a", "new", 10), ("b", "middle", 20)):
        path = tmp_path / machine / f"{name}-cache"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 1000)
        os.utime(path, (1e9 - age, 1e9 - age))
    _program_folder.tidy(tmp_path, tmp_path / "c")
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["middle-cache", "new-cache"]
    monkeypatch.setattr(_program_folder, "LIMIT_FILES", 1)
    _program_folder.tidy(tmp_path, tmp_path / "c")
    assert [path.name for path in tmp_path.glob("*/*")] == ["new-cache"]


def test_an_index_that_is_damaged_is_made_anew(tmp_path):
    import zlib

    (tmp_path / "good-cache").write_bytes(zlib.compress(b"program"))
    (tmp_path / "bad-cache").write_bytes(b"program")
    for text in (b"", b"[1]", b"\xff"):
        (tmp_path / "index.json").write_bytes(text)
        _program_folder._check(tmp_path)
        assert [path.name for path in tmp_path.glob("*-cache")] == ["good-cache"]
        assert list(json.loads((tmp_path / "index.json").read_text())) == ["good-cache"]


def test_entries_that_another_process_removes_meanwhile_are_passed_over(tmp_path, monkeypatch):
    folder = tmp_path / "machine"
    folder.mkdir()
    monkeypatch.setattr(Path, "glob", lambda path, pattern: [folder / "gone-cache"])
    _program_folder.tidy(tmp_path, folder)
    assert list(folder.iterdir()) == []
