"""Opens what Inkling wrote with the libraries of others. Usage: check_written.py FOLDER

FOLDER holds images.bin (grey levels) and a folder for each model with the files of its zip. For each, a line of JSON says what came out.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import safe_open

torch.set_num_threads(1)
folder = Path(sys.argv[1])
levels = np.fromfile(folder / "images.bin", np.uint8).reshape(-1, 28, 28)


def module(path: Path):
    spec = importlib.util.spec_from_file_location("model", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


for case in sorted(path for path in folder.iterdir() if path.is_dir()):
    model = onnx.load(case / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(case / "model.onnx", options)
    pixels = levels.astype(np.float32)[:, None]
    logits, probabilities = session.run(["logits", "probabilities"], {"pixels": pixels})
    logits.astype(np.float32).tofile(case / "onnx-logits.bin")
    probabilities.astype(np.float32).tofile(case / "onnx-probabilities.bin")
    python = module(case / "model.py")
    with torch.inference_mode():
        network = python.load(str(case / "model.safetensors"))
        answers = network(python.preprocess(torch.from_numpy(levels)))
    answers.numpy().tofile(case / "torch-logits.bin")
    with safe_open(case / "model.safetensors", "pt") as file:
        names = sorted(file.keys())
    print(
        json.dumps(
            {
                "case": case.name,
                "opset": model.opset_import[0].version,
                "metadata": {entry.key: entry.value for entry in model.metadata_props},
                "classes": python.CLASSES,
                "tensors": names,
            }
        )
    )
