"""Writes small files of others' formats into fuzz/corpus, for the fuzzers to begin with.

    ~/.cache/inkling/peers/venv/bin/python fuzz/seeds.py

That environment comes with `cargo xtask test`. Those of our own formats: `cargo run -p untrusted-bytes --example seeds`.
"""

import io
import json
import os
import tempfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from safetensors.torch import save
from torch import nn

CORPUS = Path(__file__).resolve().parent / "corpus"
torch.manual_seed(1)


def write(reader: str, name: str, data: bytes, head: bytes = b"") -> None:
    """A file less the bytes that the fuzzer puts before every input."""
    assert data.startswith(head), (reader, name)
    (CORPUS / reader).mkdir(parents=True, exist_ok=True)
    (CORPUS / reader / f"seed-{name}").write_bytes(data[len(head) :])


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.fc1 = nn.Conv2d(1, 2, 3), nn.Linear(2, 10)


def saved(value: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


state = Net().state_dict()
arrays = {name: tensor.numpy() for name, tensor in state.items()}
write("safetensors", "state", save(state))
write("zip", "state", saved(state))
write("zip", "checkpoint", saved({"epoch": 1, "model_state_dict": state}))
# Older files begin with a pickle of a magic number.
write("pickle", "older", saved(state, _use_new_zipfile_serialization=False), b"\x80\x02")

buffer = io.BytesIO()
np.savez(buffer, **arrays)
write("npz", "arrays", buffer.getvalue())
buffer = io.BytesIO()
np.savez_compressed(buffer, W1=np.zeros((784, 10), np.float32), b1=np.zeros(10, np.float32))
write("npz", "compressed", buffer.getvalue())

nodes = [
    helper.make_node("Conv", ["x", "conv1.weight", "conv1.bias"], ["a"], kernel_shape=[3, 3]),
    helper.make_node("Relu", ["a"], ["b"]),
    helper.make_node("GlobalAveragePool", ["b"], ["c"]),
    helper.make_node("Flatten", ["c"], ["d"]),
    helper.make_node("Gemm", ["d", "fc1.weight", "fc1.bias"], ["y"], transB=1),
]
shapes = [("x", [None, 1, 28, 28]), ("y", [None, 10])]
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes]
weights = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
model = helper.make_model(graph, producer_name="x", ir_version=7, opset_imports=[helper.make_opsetid("", 13)])
write("onnx", "chain", model.SerializeToString(), b"\x08\x07\x12")

layers = [
    {"class_name": "Dense", "config": {"name": "dense", "units": 10, "activation": "softmax", "use_bias": True}},
]
first = {"class_name": "Flatten", "config": {"name": "flatten", "batch_input_shape": [None, 28, 28]}}
description = {"class_name": "Sequential", "config": {"name": "s", "layers": [first, *layers]}}
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(description)
        file.attrs["keras_version"] = "2.15.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"flatten", b"dense"]
        group.create_group("flatten").attrs["weight_names"] = np.array([], "S1")
        dense = group.create_group("dense")
        dense.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        dense.create_dataset("dense/kernel:0", data=np.zeros((784, 10), np.float32), compression="gzip")
        dense.create_dataset("dense/bias:0", data=np.zeros(10, np.float32))
    write("hdf5", "keras", path.read_bytes(), b"\x89HDF\r\n\x1a\n")

entries = [{"name": "dense/kernel", "shape": [784, 10], "dtype": "float32"}]
entries[0]["quantization"] = {"dtype": "uint8", "min": 0.0, "scale": 0.1}
entries.append({"name": "dense/bias", "shape": [10], "dtype": "float32"})
tfjs = {
    "format": "layers-model",
    "modelTopology": {"keras_version": "2.15.0", "model_config": description},
    "weightsManifest": [{"paths": ["model.weights.bin"], "weights": entries}],
}
write("tfjs", "dense", json.dumps(tfjs).encode() + b"\0" + bytes(7840 + 40))

image = bytes(28 * 28)
write("idx", "images", bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28]) + 2 * image, b"\x00\x00")
write("idx", "labels", bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]), b"\x00\x00")
row = ",".join(["7"] + ["0"] * 784)
names = ",".join(["label"] + [f"pixel{index}" for index in range(784)])
write("csv", "kaggle", f"{names}\n{row}\n{row}\n".encode())
write("csv", "semicolons", (row.replace(",", ";") + "\r\n").encode())
strokes = {"label": 3, "writer": "a", "strokes": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}
write("strokes", "lines", (json.dumps(strokes) + "\n").encode() * 2)
