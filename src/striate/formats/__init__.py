"""Files in and out: models, checkpoints and logs, as data and never as code."""

from striate.formats.atomic import write_atomically
from striate.formats.checkpoints import load_checkpoint, restore_tree, save_checkpoint
from striate.formats.foreign import ForeignTensors, read_tensors
from striate.formats.json_lines import append_json_line, read_json_lines
from striate.formats.safetensors_file import read_safetensors, write_safetensors
from striate.formats.striate_file import SavedModel, load_model, save_model

__all__ = [
    "ForeignTensors",
    "SavedModel",
    "append_json_line",
    "load_checkpoint",
    "load_model",
    "read_json_lines",
    "read_safetensors",
    "read_tensors",
    "restore_tree",
    "save_checkpoint",
    "save_model",
    "write_atomically",
    "write_safetensors",
]
