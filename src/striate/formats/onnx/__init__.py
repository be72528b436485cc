"""Networks as ONNX files, for other runtimes."""

from striate.formats.onnx.exporting import OPSET, to_onnx, write_onnx

__all__ = ["OPSET", "to_onnx", "write_onnx"]
