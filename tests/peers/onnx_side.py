"""ONNX Runtime's side: run a model file on the inputs it is given."""

import sys

import numpy as np
import onnxruntime


def main(given, answers, path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with np.load(given) as file:
        inputs = {name: file[name] for name in file.files}
    outputs = session.run(None, inputs)
    names = [output.name for output in session.get_outputs()]
    np.savez(
        answers, **{f"{place}:{name}": y for place, (name, y) in enumerate(zip(names, outputs, strict=True))}
    )


main(*sys.argv[1:])
