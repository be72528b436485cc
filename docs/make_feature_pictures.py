"""Make the pictures of docs/seeing.md, and say how long each took.

python docs/make_feature_pictures.py                   # all of them, about 12 minutes on two cores
python docs/make_feature_pictures.py dream caricature  # some of them

ResNet-50's weights are fetched at the first use; the photographs come with scikit-learn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_image

import striate as st
from striate.explain import channel, energy, neuron, score
from striate.images import Preprocessing
from striate.pages import tile
from striate.pages.drawing import sheet

FOLDER = Path(__file__).parent / "images"
Drawn = np.ndarray
STAGES = {
    "conv2_block3_out": (0, 1, 2, 3, 6),
    "conv3_block4_out": (3, 10, 50, 100, 120),
    "conv4_block3_out": (3, 10, 50, 100, 200),
    "conv5_block1_out": (4, 20, 60, 110, 300),
}
CLASSES = ("palace", "daisy", "hen", "jellyfish", "espresso")


@cache
def resnet() -> Any:
    """ResNet-50 with the weights that learned ImageNet."""
    return st.applications.resnet50(weights="imagenet", convention="keras")


@cache
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """MNIST as (x_train, y_train, x_test, y_test)."""
    (x, y), (x_test, y_test) = st.datasets.mnist.load_data()
    return x[..., None], y, x_test[..., None], y_test


@cache
def trained(name: str) -> Any:
    """The small convolutional network, or a softmax regression, after a minute with MNIST."""
    x, y, *_ = digits()
    st.utils.set_random_seed(1)
    model = st.applications.mnist_convnet() if name == "convnet" else _regression()
    model.preprocessing = Preprocessing(size=(28, 28), channels=1)
    model.class_names = tuple(map(str, range(10)))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=128, epochs=2, verbose=0)
    return model


def _regression() -> Any:
    flat = [st.layers.Flatten(), st.layers.Dense(10, activation="softmax", name="scores")]
    return st.Sequential([st.Input((28, 28, 1)), *flat], name="softmax regression")


def photograph(name: str, height: int) -> np.ndarray:
    """One of scikit-learn's two photographs, made smaller."""
    image = Image.fromarray(load_sample_image(f"{name}.jpg"))
    return np.asarray(image.resize((round(image.width * height / image.height), height)))


def square(name: str) -> np.ndarray:
    """The middle of a photograph, as ResNet-50 reads it."""
    return resnet().preprocessing.prepare(load_sample_image(f"{name}.jpg"))


def as_pixels(colours: np.ndarray) -> np.ndarray:
    """(H, W, 3) from 0 to 1 as uint8."""
    return np.rint(255 * colours).astype(np.uint8)


def shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    """A picture with `side` pixels on its longer side."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def gallery(rows: dict[str, Sequence[np.ndarray]], side: int = 150) -> np.ndarray:
    """Rows of pictures, the name of each row above it."""
    font, line = ImageFont.load_default(13), 24
    strips = {name: tile([shrunk(p, side) for p in row], len(row), 4) for name, row in rows.items()}
    width, height = max(s.shape[1] for s in strips.values()), sum(s.shape[0] + line for s in strips.values())
    image, top = Image.new("RGB", (width, height), "white"), 0
    for name, strip in strips.items():
        ImageDraw.Draw(image).text((0, top + 4), name, (31, 41, 55), font)
        image.paste(Image.fromarray(strip), (0, top + line))
        top += strip.shape[0] + line
    return np.asarray(image)


def filters() -> Drawn:
    """The filters of the first layer."""
    return st.explain.filters(resnet(), "conv1_conv").pixels()


def maps() -> Drawn:
    """What four layers answer to a photograph."""
    layers = ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out")
    return st.explain.feature_maps(resnet(), square("china"), layers, most=9, strongest=True).pixels()


def fields() -> Drawn:
    """The receptive fields of three units."""
    layers = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out")
    panels = []
    for layer in layers:
        seen = st.explain.receptive_field(resnet(), layer, picture=square("china"), samples=8)
        _, heat, _ = seen.parts()
        words = f"can see {seen.field} pixels; what counts is {heat.caption}"
        panels.append((layer, heat.pixels, words))
    return sheet("What one unit in the middle can see (the frame), and what counts for it", panels)


def patches() -> Drawn:
    """What excites six channels among ten thousand digits."""
    *_, x, _ = digits()
    return st.explain.top_patches(trained("convnet"), "conv2", x, channels=(0, 1, 2, 3, 4, 5)).pixels()


def deconvnet() -> Drawn:
    """Digits beside what a unit sends back to them."""
    model, (*_, x, _) = trained("convnet"), digits()
    everything = st.explain.top_patches(model, "conv3", x, k=5)
    strongest = np.argsort(-everything.scores[:, -1])[:4].tolist()
    found = st.explain.top_patches(model, "conv3", x, k=5, channels=strongest)
    rows = []
    for place, number in enumerate(found.channels):
        for rank in range(5):
            picture = x[found.rows[place, rank]]
            spot = tuple(found.positions[place, rank].tolist())
            made = st.explain.project_unit(model, picture, "conv3", number, spot)
            rows += [panel.pixels for panel in made.parts()[:2]]
    sheets = [tile([st.pages.enlarge(p, 2) for p in rows[10 * n : 10 * n + 10]], 2) for n in range(4)]
    panels = [
        (f"conv3 channel {n}", s, "digit, and what came back")
        for n, s in zip(found.channels, sheets, strict=True)
    ]
    return sheet("Deconvnet: five digits that excite a channel most", panels)


def early() -> Drawn:
    """Made for single units of the first layer."""
    made = st.explain.maximise(resnet(), neuron("conv1_relu", range(16)), size=32, steps=128)
    return tile([st.pages.enlarge(as_pixels(p), 3) for p in made.pictures], 8)


def features() -> Drawn:
    """Made for channels of four depths."""
    rows = {}
    for layer, channels in STAGES.items():
        made = st.explain.maximise(resnet(), channel(layer, channels), steps=128)
        rows[layer] = [as_pixels(p) for p in made.pictures]
        print(f"  {layer}: {made.seconds:.0f} s", flush=True)
    return gallery(rows)


def classes() -> Drawn:
    """Made for classes."""
    made = st.explain.maximise(resnet(), score(CLASSES), steps=256)
    return gallery({", ".join(CLASSES): [as_pixels(p) for p in made.pictures]}, 200)


def diversity() -> Drawn:
    """Four pictures for one channel."""
    made = st.explain.maximise(resnet(), channel("conv4_block3_out", 3), diversity=4, variety=2.0, steps=128)
    return gallery(
        {"conv4_block3_out channel 3": [as_pixels(p) for p in made.pictures]},
        200,
    )


def digit_classes() -> Drawn:
    """Made for the ten digits."""
    return st.explain.maximise(trained("convnet"), score(range(10))).pixels()


def dream() -> Drawn:
    """A photograph and three dreams of it."""
    rows = [("before", photograph("china", 320), "")]
    for layer in ("conv3_block4_out", "conv4_block3_out", "conv4_block6_out"):
        made = st.explain.dream(resnet(), photograph("china", 320), energy(layer))
        rows.append((f"energy of {layer}", as_pixels(made.picture), ""))
    return sheet("DeepDream", rows)


def caricature() -> Drawn:
    """A photograph as four layers exaggerate it."""
    layers = ("conv2_block3_out", "conv3_block4_out", "conv4_block3_out", "conv4_block6_out")
    made = st.explain.caricature(resnet(), square("flower"), layers, steps=160)
    return made.pixels()


def embedding() -> Drawn:
    """Digits as points."""
    *_, x, y = digits()
    panels = []
    for by, words in (("pca", "PCA"), ("tsne", "t-SNE")):
        made = st.explain.embed(trained("convnet"), x[:800], labels=y[:800], by=by)
        points, pictures, _ = made.parts()
        panels += [(words, points.pixels, ""), ("", pictures.pixels, "")]
    return sheet("800 test digits by the last hidden layer", panels)


def templates() -> Drawn:
    """The weights of a softmax regression."""
    return st.explain.templates(trained("regression")).pixels()


PICTURES: dict[str, tuple[Callable[[], Drawn], str]] = {
    "filters": (filters, "png"),
    "maps": (maps, "jpg"),
    "fields": (fields, "jpg"),
    "patches": (patches, "png"),
    "deconvnet": (deconvnet, "png"),
    "early": (early, "png"),
    "features": (features, "jpg"),
    "classes": (classes, "jpg"),
    "diversity": (diversity, "jpg"),
    "digit_classes": (digit_classes, "png"),
    "dream": (dream, "jpg"),
    "caricature": (caricature, "jpg"),
    "embedding": (embedding, "png"),
    "templates": (templates, "png"),
}


def main(names: Sequence[str]) -> None:
    """Make the pictures of these names, or all of them."""
    unknown = [name for name in names if name not in PICTURES]
    if unknown:
        sys.exit(f"There is no picture {unknown[0]!r}; there are {', '.join(PICTURES)}.")
    resnet(), trained("convnet"), trained("regression")
    for name in names or PICTURES:
        make, ending = PICTURES[name]
        wall, processor = time.perf_counter(), time.process_time()
        pixels = make()
        path = FOLDER / f"seeing-{name.replace('_', '-')}.{ending}"
        Image.fromarray(pixels).save(path, optimize=True, **({"quality": 85} if ending == "jpg" else {}))
        size = f"{pixels.shape[1]}x{pixels.shape[0]}, {path.stat().st_size / 1000:.0f} kB"
        spent = f"{time.perf_counter() - wall:.1f} s, {time.process_time() - processor:.1f} s of processors"
        print(f"{name}: {spent}; {size}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
