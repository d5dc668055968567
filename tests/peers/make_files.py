"""Trains small networks with the libraries of others, and saves them in every way that people do. Usage: make_files.py FOLDER

FOLDER holds train.bin, train-labels.bin (to learn from) and images.bin (to answer), as grey levels. Beside each file NAME there is NAME.answers
afterwards: the logits or probabilities of its own library for images.bin.
"""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
torch.manual_seed(1)
folder = Path(sys.argv[1])


def read(name: str) -> np.ndarray:
    return np.fromfile(folder / name, np.uint8)


levels, labels, asked = read("train.bin").reshape(-1, 28, 28), read("train-labels.bin").astype(np.int64), read("images.bin").reshape(-1, 28, 28)


def answers(names: list[str], values: np.ndarray) -> None:
    for name in names:
        values.astype(np.float32).tofile(folder / f"{name}.answers")


class Workshop(nn.Module):
    """PyTorch's own MNIST example."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = functional.relu(self.conv1(x))
        x = functional.relu(self.conv2(x))
        x = functional.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = functional.relu(self.fc1(x))
        x = self.dropout2(x)
        return functional.log_softmax(self.fc2(x), dim=1)


def fit(network: nn.Module, mean: float, deviation: float, count: int):
    """One epoch; gives the optimizer and what the network answers."""
    pixels = lambda levels: (torch.from_numpy(levels).float()[:, None] / 255 - mean) / deviation
    optimizer = torch.optim.Adam(network.parameters())
    for start in range(0, count, 64):
        loss = functional.cross_entropy(network(pixels(levels[start : start + 64])), torch.from_numpy(labels[start : start + 64]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    with torch.inference_mode():
        return optimizer, network(pixels(asked)).numpy()


def pytorch() -> None:
    network = Workshop()
    optimizer, values = fit(network, 0.1307, 0.3081, 3_000)
    state = network.state_dict()
    torch.save(state, folder / "workshop.pt")
    checkpoint = {"epoch": 1, "model_state_dict": state, "optimizer_state_dict": optimizer.state_dict(), "loss": 0.1}
    torch.save(checkpoint, folder / "checkpoint.pth")
    torch.save(state, folder / "older.pt", _use_new_zipfile_serialization=False)
    torch.save(network, folder / "whole.pt")
    example = torch.zeros(1, 1, 28, 28)
    torch.jit.trace(network, example).save(folder / "script.pt")
    save_file({f"module.{name}": tensor for name, tensor in state.items()}, folder / "prefix.safetensors")
    save_file({name: tensor.double() for name, tensor in state.items()}, folder / "double.safetensors")
    answers(["workshop.pt", "checkpoint.pth", "older.pt", "whole.pt", "script.pt", "prefix.safetensors", "double.safetensors"], values)

    # Preprocessing inside, as a careful exporter does it.
    class Whole(nn.Module):
        def forward(self, x):
            return network((x / 255 - 0.1307) / 0.3081)

    torch.onnx.export(Whole().eval(), example, folder / "exported.onnx", input_names=["pixels"], external_data=False)
    torch.onnx.export(network, example, folder / "bare.onnx", input_names=["pixels"], external_data=False)
    answers(["exported.onnx", "bare.onnx"], values)

    mlp = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    _, values = fit(mlp, 0.5, 0.5, 6_000)
    torch.save(mlp.state_dict(), folder / "sequential.pt")
    answers(["sequential.pt"], values)

    tanh = nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.Tanh(), nn.Linear(100, 10))
    _, values = fit(tanh, 0.0, 1.0, 6_000)
    torch.save(tanh.state_dict(), folder / "tanh.pt")
    answers(["tanh.pt"], values)

    norms = nn.Sequential()
    norms.features = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
    )
    norms.classifier = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
    _, values = fit(norms, 0.1307, 0.3081, 3_000)
    torch.save({"net": nn.DataParallel(norms).state_dict(), "acc": 93.1}, folder / "norms.pth")
    answers(["norms.pth"], values)


def with_keras() -> None:
    keras.utils.set_random_seed(1)
    columns = lambda levels: keras.utils.normalize(levels.astype("float32"), axis=1)
    mlp = keras.Sequential([
        keras.layers.Flatten(), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ])
    mlp.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    mlp.fit(columns(levels[:3_000]), labels[:3_000], epochs=1, verbose=0)
    for name in ("mlp.keras", "mlp.h5", "mlp.weights.h5"):
        (mlp.save_weights if "weights" in name else mlp.save)(folder / name)
    values = mlp.predict(columns(asked), verbose=0)
    answers(["mlp.keras", "mlp.h5", "mlp.weights.h5"], values)

    cnn = keras.Sequential([
        keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(8, 3, activation="relu"),
        keras.layers.BatchNormalization(), keras.layers.MaxPooling2D(), keras.layers.Conv2D(12, 3, padding="same"),
        keras.layers.LeakyReLU(), keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dropout(0.5),
        keras.layers.Dense(20, activation="tanh"), keras.layers.Dense(10, activation="softmax"),
    ])
    cnn.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    cnn.fit(levels[:3_000, :, :, None], labels[:3_000], epochs=1, verbose=0)
    cnn.save(folder / "cnn.keras")
    cnn.save(folder / "cnn.h5")
    answers(["cnn.keras", "cnn.h5"], cnn.predict(asked[:, :, :, None], verbose=0))

    lstm = keras.Sequential([keras.Input((28, 28)), keras.layers.LSTM(8), keras.layers.Dense(10)])
    lstm.save(folder / "recurrent.keras")


def numpy_arrays() -> None:
    """A network as people write it in NumPy alone, trained with PyTorch's gradients."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 60), nn.ReLU(), nn.Linear(60, 10))
    _, values = fit(network, 0.0, 1.0, 6_000)
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    # As people write it: x @ W1 + b1.
    np.savez(folder / "numpy.npz", W1=state["1.weight"].T, b1=state["1.bias"], W2=state["3.weight"].T, b2=state["3.bias"])
    answers(["numpy.npz"], values)


pytorch()
with_keras()
numpy_arrays()
