"""MNIST: 70,000 handwritten digits, inside the package."""

from __future__ import annotations

import lzma
import zlib

from striate.datasets._arrays import Arrays, Pin, check
from striate.datasets._info import DatasetInfo
from striate.datasets._mnist_files import FOLDER, read
from striate.errors import DataError, Problem

INFO = DatasetInfo(
    name="mnist",
    title="Handwritten digits, 28x28 grey",
    image_shape=(28, 28),
    train=60_000,
    test=10_000,
    class_names=tuple("0123456789"),
    mean=(0.13066048,),
    std=(0.30810781,),
    licence="CC BY-SA 3.0",
    origin="Yann LeCun and Corinna Cortes, from NIST Special Databases 1 and 3",
    citation="LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998",
)
PINS = {
    "x_train": Pin((60_000, 28, 28), "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
    "y_train": Pin((60_000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
    "x_test": Pin((10_000, 28, 28), "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
    "y_test": Pin((10_000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
}


def load_data() -> Arrays:
    """The digits as Keras returns them; nothing is downloaded.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8 pictures (60000, 28, 28) and (10000, 28, 28),
        uint8 labels (60000,) and (10000,).

    Raises:
        DataError: the files of the package are not what they were.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_train.dtype, y_train[:5].tolist()
    ((60000, 28, 28), dtype('uint8'), [5, 0, 4, 1, 9])
    """
    try:
        arrays = read(FOLDER)
    except (OSError, EOFError, ValueError, IndexError, lzma.LZMAError, zlib.error) as error:
        happened = f"the files cannot be read ({error})"
        problem = Problem("the packaged MNIST", happened, "the files as installed", "Install Striate again.")
        raise DataError(problem) from None
    check(arrays, PINS, "the packaged MNIST")
    return arrays
