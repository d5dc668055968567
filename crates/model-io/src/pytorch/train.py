"""Goes on training the network in this folder, in plain PyTorch.

    python train.py --data DIR                              on a CPU or one GPU
    torchrun --nproc_per_node 4 train.py --data DIR         on four GPUs, or in four processes on a CPU

DIR holds MNIST's four files, or four like them. The network is in model.py, its weights are in model.safetensors, and
how it was trained is in config.json. On a CPU, the same seed and number of processes give the same result; on a GPU,
the same but for rounding.
"""

from __future__ import annotations

import argparse
import collections
import copy
import gzip
import json
import math
import os
import sys
import zlib
from pathlib import Path
from typing import Callable, NamedTuple

try:
    import numpy as np
    import torch
    import torch.distributed as dist
    import torch.nn.functional as F
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file
except ImportError as error:
    print(f"A package is missing ({error}). Run this first: pip install -r requirements.txt", file=sys.stderr)
    sys.exit(2)

HERE = Path(__file__).resolve().parent
SIDE = 28
MEASURED_AT_ONCE = 1000
# Each use has random numbers of its own, so that none shifts another's.
SPLIT, ORDER, CHANGES, DROPOUT = range(4)
# What holds where config.json says nothing.
DEFAULTS = {"optimizer": {"kind": "adam"}, "learning_rate": 0.001, "batch_size": 64, "seed": 1}
CONSTANT = {"kind": "constant"}
# Changes to training images that this script does not make.
LEFT_OUT = ["bend_px", "stroke_width_px", "coarsest_px", "contrast", "blur", "noise_levels"]


class Problem(Exception):
    """Something that whoever started this can put right; the text says how."""


def reason(error: Exception) -> str:
    """What a library says of an error, in one line."""
    return " ".join(str(error).split()).rstrip(".")


class Images(NamedTuple):
    levels: torch.Tensor  # uint8, [n, 28, 28]; 0 is paper, 255 is ink
    labels: torch.Tensor  # int64, [n]

    def part(self, indices: np.ndarray) -> Images:
        chosen = torch.from_numpy(indices).to(self.labels.device)
        return Images(self.levels[chosen], self.labels[chosen])

    def to(self, device: torch.device) -> Images:
        return Images(self.levels.to(device), self.labels.to(device))

    def figure(self, right: int) -> str:
        total = len(self.labels)
        return f"{right:,} of {total:,} right ({100 * right / total:.2f} %)"


def read_bytes(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise Problem(f"{path} cannot be read: {reason(error)}. Download it again.") from error


def read_idx(folder: Path, part: str, kind: str, dimensions: int) -> np.ndarray:
    """One of MNIST's files: four bytes that say what it is, the length of each dimension, and the values."""
    names = [f"{part}-{kind}{mark}idx{dimensions}-ubyte{end}" for end in ("", ".gz") for mark in "-."]
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise Problem(f"{folder} has no {names[0]}, with or without .gz. Give --data the folder of MNIST's four files.")
    data, start = read_bytes(path), 4 + 4 * dimensions
    if len(data) < start or data[:4] != bytes([0, 0, 8, dimensions]):
        raise Problem(f"{path} is not an IDX file of {kind}. Download it again.")
    shape = [int(length) for length in np.frombuffer(data, ">u4", dimensions, 4)]
    if len(data) != start + math.prod(shape):
        wanted = start + math.prod(shape)
        raise Problem(f"{path} should have {wanted:,} bytes unpacked, but has {len(data):,}. Download it again.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A label and 784 levels in each line. The first line may hold names."""
    lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    has_names = bool(lines) and not lines[0].split(",")[0].strip().isdigit()
    if len(lines) == has_names:
        raise Problem(f"{path} has no images. Give another file.")
    try:
        table = np.loadtxt(lines[has_names:], np.int16, delimiter=",", ndmin=2)
    except ValueError as error:
        raise Problem(f"{path} is not a table of whole numbers: {reason(error)}. Correct that line.") from error
    if table.shape[1] != 1 + SIDE * SIDE or table.min() < 0 or table.max() > 255:
        raise Problem(f"{path} is not a table of 785 columns from 0 to 255. Give a label and 784 levels in each line.")
    return table[:, 1:].astype(np.uint8).reshape(-1, SIDE, SIDE), table[:, 0]


def checked(levels: np.ndarray, labels: np.ndarray, classes: int) -> Images:
    if len(labels) == 0 or levels.shape != (len(labels), SIDE, SIDE):
        shape = "x".join(map(str, levels.shape))
        raise Problem(f"The images are {shape} levels for {len(labels)} labels. Give 28x28 images with a label each.")
    if labels.max() >= classes:
        raise Problem(f"A label is {labels.max()}, but the network's {classes} classes count from 0. Give other data.")
    return Images(torch.from_numpy(levels.copy()), torch.from_numpy(labels.astype(np.int64)))


def read_data(path: Path, classes: int) -> tuple[Images, Images]:
    """Images to learn from, and images to test on."""
    if path.is_dir():
        files = [(read_idx(path, part, "images", 3), read_idx(path, part, "labels", 1)) for part in ("train", "t10k")]
        return checked(*files[0], classes), checked(*files[1], classes)
    if path.is_file() and path.name.endswith((".csv", ".csv.gz")):
        images = checked(*read_csv(path), classes)
        # Whatever the seed: what one call learns from, the next one must not test on.
        learned, test = split(images.labels.numpy(), 1 / 6, seed=0)
        return images.part(learned), images.part(test)
    raise Problem(f"{path} is no folder and no .csv file. Give --data the folder of MNIST's files, or a .csv file.")


def split(labels: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the images to learn from, and of those to hold back: the same share of each class."""
    rng, is_held_back = np.random.default_rng([seed, SPLIT]), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        indices = rng.permutation(np.flatnonzero(labels == label))
        is_held_back[indices[: round(share * len(indices))]] = True
    return np.flatnonzero(~is_held_back), np.flatnonzero(is_held_back)


def changed(levels: torch.Tensor, most: dict, share: float, chances: torch.Tensor) -> torch.Tensor:
    """A share of the images turned, slanted, stretched, scaled and moved, by seven chances from 0 to 1 for each."""
    is_changed, either_way = chances[:, 0] < share, 2 * chances - 1
    angle, shear = torch.deg2rad(most["rotation_degrees"] * either_way[:, 1]), most["shear"] * either_way[:, 2]
    stretch = torch.exp(most["stretch"] / 2 * either_way[:, 3])
    # Digits are 20 pixels long.
    size = 1 + most["size_px"] / 20 * either_way[:, 4]
    # PyTorch measures places from the middle of an image, in halves of its side.
    shift = most["shift_px"] / (SIDE / 2) * either_way[:, 5:, None]
    cos, sin = torch.cos(angle), torch.sin(angle)
    # From a place in the result back to one in the image: PyTorch asks for that direction.
    entries = [(cos - shear * sin) / stretch, (sin + shear * cos) / stretch, -sin * stretch, cos * stretch]
    matrix = torch.stack(entries, 1).reshape(-1, 2, 2) / size[:, None, None]
    images = levels[:, None].float()
    places = F.affine_grid(torch.cat([matrix, -matrix @ shift], 2), list(images.shape), align_corners=False)
    images = F.grid_sample(images, places, align_corners=False).round().clamp(0, 255).to(torch.uint8)
    return torch.where(is_changed[:, None, None], images[:, 0], levels)


def schedule_factor(schedule: dict, step: int, steps: int, steps_per_epoch: int, warmup_steps: int) -> float:
    """What the learning rate is multiplied by at a step, counted from 0."""
    position, epoch, kind = (step + 0.5) / steps, step // steps_per_epoch, schedule["kind"]
    factor = 1.0
    if kind == "exponential":
        factor = schedule["gamma"] ** epoch
    elif kind == "step":
        factor = schedule["gamma"] ** (epoch // schedule["epochs"])
    elif kind == "cosine":
        factor = 0.5 * (1 + math.cos(math.pi * position))
    elif kind == "one_cycle":
        # Up from a tenth for a fifth of the run, then down to a thousandth.
        factor = 0.1 + 0.9 * position / 0.2 if position < 0.2 else max(0.001, 1 - (position - 0.2) / 0.8)
    return factor * min(1.0, (step + 1) / (warmup_steps + 1))


def make_optimizer(config: dict, parameters: list[torch.nn.Parameter]) -> tuple[torch.optim.Optimizer, float]:
    """The optimizer, and the weight decay that it leaves to its caller."""
    own, decay = config["optimizer"], config.get("weight_decay", 0.0)
    is_decoupled = config.get("decoupled_decay", False)
    kind, momentum, epsilon = own["kind"], own.get("momentum", 0.0), own.get("epsilon", 1e-8)
    if kind in ("adam", "adamw"):
        adam = torch.optim.AdamW if kind == "adamw" or is_decoupled else torch.optim.Adam
        betas = own.get("beta_1", 0.9), own.get("beta_2", 0.999)
        return adam(parameters, betas=betas, eps=epsilon, weight_decay=decay), 0.0
    # PyTorch has decoupled decay for Adam alone.
    l2, left = (0.0, decay) if is_decoupled else (decay, 0.0)
    if kind == "sgd":
        nesterov = own.get("nesterov", False)
        return torch.optim.SGD(parameters, momentum=momentum, nesterov=nesterov, weight_decay=l2), left
    if kind == "rmsprop":
        alpha = own.get("alpha", 0.99)
        return torch.optim.RMSprop(parameters, alpha=alpha, eps=epsilon, momentum=momentum, weight_decay=l2), left
    raise Problem(f"config.json has the unknown optimizer {kind}. Write adam, adamw, sgd or rmsprop there.")


def identity(optimizer: torch.optim.Optimizer) -> dict:
    """What a saved state must have in common with the optimizer that takes it."""
    shapes = [list(parameter.shape) for parameter in optimizer.param_groups[0]["params"]]
    return {"optimizer": type(optimizer).__name__, "shapes": shapes}


def load_state(path: Path, optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
        state = saved.pop("state")
        if saved != identity(optimizer):
            raise ValueError("another optimizer or network")
        optimizer.load_state_dict(state)
    except Exception as error:  # A damaged file can fail in any way.
        raise Problem(
            f"{path} is no state of this optimizer for this network, or is damaged. Give another --optimizer-state."
        ) from error


def moment_names(config: dict) -> list[str]:
    """What the optimizer remembers of each parameter."""
    own = config["optimizer"]
    velocity = ["momentum_buffer"] if own.get("momentum") else []
    return {"sgd": velocity, "rmsprop": ["square_avg", *velocity]}.get(own["kind"], ["exp_avg", "exp_avg_sq"])


def load_moments(path: Path, model: Path, config: dict, trainer: Trainer) -> str:
    """What the optimizer remembered where the run stood: conv1.weight.exp_avg is exp_avg of conv1.weight."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata["model"] != f"{zlib.crc32(model.read_bytes()):08x}":
                return f"{path.name} belongs to other weights and is left out: momentum starts from zero."
            parameters, kinds = dict(trainer.network.named_parameters()), moment_names(config)
            if set(file.keys()) != {f"{name}.{kind}" for name in parameters for kind in kinds}:
                return f"{path.name} belongs to another optimizer and is left out: momentum starts from zero."
            for name, parameter in parameters.items():
                state = {kind: file.get_tensor(f"{name}.{kind}").to(parameter.device) for kind in kinds}
                if any(moment.shape != parameter.shape for moment in state.values()):
                    raise ValueError(f"{name} has another shape")
                if config["optimizer"]["kind"] != "sgd":
                    state["step"] = torch.tensor(float(metadata["steps"]))
                trainer.optimizer.state[parameter] = state
            return f"The optimizer continues after {metadata['steps']} steps."
    except (OSError, RuntimeError, KeyError, ValueError, SafetensorError) as error:
        raise Problem(f"{path} does not fit the network: {reason(error)}. Unpack the zip again.") from error


class Team:
    """The processes that share every step; a single one without torchrun."""

    def __init__(self, kind: str) -> None:
        names = ("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0), ("LOCAL_WORLD_SIZE", 1)
        self.rank, self.size, local, here = (int(os.environ.get(name, usual)) for name, usual in names)
        has_mps, gpus = torch.backends.mps.is_available() and self.size == 1, torch.cuda.device_count()
        if kind == "auto":
            kind = "cuda" if gpus else "mps" if has_mps else "cpu"
        if kind == "cuda" and gpus < here:
            raise Problem(f"There are {gpus} CUDA GPUs for {here} process(es). Start fewer, or add --device cpu.")
        if kind == "mps" and not has_mps:
            raise Problem("--device mps needs a Mac with Apple silicon, and a single process. Use --device cpu.")
        self.device = torch.device(kind, local) if kind == "cuda" else torch.device(kind)
        if kind == "cuda":
            torch.cuda.set_device(self.device)
            torch.backends.cudnn.deterministic = True
        if self.size > 1:
            dist.init_process_group("nccl" if kind == "cuda" else "gloo")

    def say(self, text: str) -> None:
        if self.rank == 0:
            print(text, flush=True)

    def share(self, count: int) -> slice:
        """The own part of so many images."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def sum(self, values: torch.Tensor) -> list[float]:
        if self.size > 1:
            dist.all_reduce(values)
        return values.tolist()


def read_model(path: Path) -> tuple[torch.nn.Module, Callable, int, dict[str, str]]:
    """The network, its preprocessing, how many classes it has, and the metadata of its file."""
    try:
        import model

        network = model.load(path)
        with safe_open(path, "pt") as file:
            return network, model.preprocess, len(model.CLASSES), file.metadata() or {}
    except (ImportError, OSError, RuntimeError, SafetensorError) as error:
        raise Problem(f"model.py and {path} do not give a network: {reason(error)}. Unpack the zip again.") from error


def read_config() -> tuple[dict, int]:
    """How the network was trained, and for how many epochs."""
    path = HERE / "config.json"
    try:
        settings = json.loads(path.read_text("utf-8"))
        config = {**DEFAULTS, **(settings["training"] or {})}
        # What a person changed in mid-run stays changed.
        for change in config.get("changes", []):
            config.update(change)
        return config, settings["epochs_done"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(f"{path} cannot be read: {error!r}. Unpack the zip again.") from error


def write_model(path: Path, network: torch.nn.Module, metadata: dict[str, str], epochs_done: int) -> None:
    """Writes the weights as 32-bit floats, with what still holds of the model card."""
    if "inkling" in metadata:
        card = json.loads(metadata["inkling"])
        card.update(test=None, validation=None, calibration=None, tested_on="", epochs_done=epochs_done)
        metadata = {**metadata, "inkling": json.dumps(card)}
    # PyTorch counts the batches of batch norm. Inkling does not.
    kept = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    save_file({name: tensor.cpu().contiguous() for name, tensor in kept.items()}, path, metadata)


class Trainer:
    """A network and what an epoch of training needs."""

    def __init__(
        self,
        network: torch.nn.Module,
        preprocess: Callable,
        config: dict,
        options: argparse.Namespace,
        done: int,
        team: Team,
    ) -> None:
        self.preprocess, self.config, self.options, self.done, self.team = preprocess, config, options, done, team
        self.augmentation = collections.defaultdict(float, config.get("augmentation", {}))
        left_out = [name for name in LEFT_OUT if self.augmentation[name]]
        if left_out:
            team.say(f"Of the changes to the training images, these are left out: {', '.join(left_out)}.")
        layers = list(network.modules())
        self.has_batch_norm = any(isinstance(layer, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)) for layer in layers)
        if self.has_batch_norm and config.get("norm_group"):
            team.say("The norm group is left out: batch norm normalizes over as many images as a process has.")
        if self.has_batch_norm and team.size > 1 and team.device.type == "cuda":
            network = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
        elif self.has_batch_norm and team.size > 1:
            team.say("On a CPU, batch norm normalizes over each process's own part of a batch.")
        for layer in layers:
            if isinstance(layer, torch.nn.Dropout) and config.get("dropout") is not None:
                layer.p = config["dropout"]
        self.network = network.to(team.device)
        self.parameters = list(network.parameters())
        self.optimizer, self.decay = make_optimizer(config, self.parameters)
        self.parallel = torch.nn.parallel.DistributedDataParallel(network) if team.size > 1 else network

    def epoch(self, epoch: int, images: Images) -> float:
        """Learns from every image once; returns the mean loss. The first epoch is 0."""
        count, batch_size = len(images.labels), self.options.batch_size
        steps, all_steps = math.ceil(count / batch_size), math.ceil(count / batch_size) * self.options.epochs
        schedule, warmup_steps = CONSTANT, 0
        if self.options.schedule == "config":
            schedule = self.config.get("schedule", CONSTANT)
            warmup_steps = int(self.config.get("warmup_epochs", 0.0) * steps + 0.5)
        share, last_share = self.augmentation["share"], self.augmentation.get("last_share")
        if last_share is not None and 5 * epoch >= 4 * self.options.epochs:
            share = last_share
        # By the number of the epoch: two calls for one epoch each see what one call for two sees.
        order, changes, dropout = (
            np.random.default_rng([self.options.seed, self.done + epoch, use]) for use in (ORDER, CHANGES, DROPOUT)
        )
        # Each process drops values of other images.
        torch.manual_seed(int(dropout.integers(2**31)) + self.team.rank)
        places = order.permutation(count) if self.config.get("shuffle", True) else np.arange(count)
        self.parallel.train()
        total = torch.zeros(1, device=self.team.device)
        for step in range(steps):
            batch = places[step * batch_size : (step + 1) * batch_size]
            # Batch norm needs two images to normalize over.
            if self.has_batch_norm and len(batch) < 2 * self.team.size:
                continue
            own = self.team.share(len(batch))
            levels, labels = images.part(batch[own])
            if share > 0:
                # For all images of the batch: each is changed in the same way however many processes there are.
                chances = torch.from_numpy(changes.random((len(batch), 7), np.float32)[own]).to(levels.device)
                levels = changed(levels, self.augmentation, share, chances)
            logits, smoothing = self.parallel(self.preprocess(levels)), self.config.get("label_smoothing", 0.0)
            loss = F.cross_entropy(logits, labels, reduction="sum", label_smoothing=smoothing)
            total += loss.detach()
            self.optimizer.zero_grad()
            # PyTorch takes the mean over the processes. With this factor it is the mean over all images of the batch.
            (loss * self.team.size / len(batch)).backward()
            self.step(schedule_factor(schedule, epoch * steps + step, all_steps, steps, warmup_steps))
        return self.team.sum(total)[0] / count

    def step(self, factor: float) -> None:
        """Changes the weights along their gradients."""
        rate = self.options.learning_rate * factor
        if self.config.get("gradient_clip"):
            torch.nn.utils.clip_grad_norm_(self.parameters, self.config["gradient_clip"])
        if self.decay:
            with torch.no_grad():
                for parameter in self.parameters:
                    parameter.mul_(1 - rate * self.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()

    def measure(self, images: Images) -> tuple[float, int]:
        """Mean loss and number of right answers, without dropout."""
        if self.team.size > 1:
            # Batch norm's running statistics differ. Those of the first process are written, so all measure with them.
            for buffer in self.network.buffers():
                dist.broadcast(buffer, 0)
        self.network.eval()
        own, sums = self.team.share(len(images.labels)), torch.zeros(2, device=self.team.device)
        with torch.inference_mode():
            for levels, labels in zip(*(tensor[own].split(MEASURED_AT_ONCE) for tensor in images)):
                logits = self.network(self.preprocess(levels))
                loss = F.cross_entropy(logits, labels, reduction="sum")
                sums += torch.stack([loss, (logits.argmax(1) == labels).sum()])
        loss, right = self.team.sum(sums)
        return loss / len(images.labels), round(right)


def train(options: argparse.Namespace) -> None:
    for path in filter(None, (options.out, options.optimizer_state)):
        if not path.parent.is_dir():
            raise Problem(f"{path} cannot be written: there is no folder {path.parent}. Make it first.")
    config, done = read_config()
    network, preprocess, classes, metadata = read_model(options.model)
    done = json.loads(metadata.get("inkling", "{}")).get("epochs_done", done)
    for name in ("learning_rate", "batch_size", "seed"):
        if getattr(options, name) is None:
            setattr(options, name, config[name])
            if name == "learning_rate" and done and options.schedule == "constant":
                # At the highest rate of a run that is over, much of what was learned would be lost.
                options.learning_rate *= 0.1
    images, test = read_data(options.data, classes)
    # By the seed of config.json: with another --seed, too, the network does not learn from what was held back.
    learned, held_back = split(images.labels.numpy(), config.get("validation_share", 0.0), config["seed"])
    team = Team(options.device)
    trainer = Trainer(network, preprocess, config, options, done, team)
    images, validation, test = (part.to(team.device) for part in (images.part(learned), images.part(held_back), test))
    moments = HERE / "optimizer.safetensors"
    if options.optimizer_state and options.optimizer_state.exists():
        load_state(options.optimizer_state, trainer.optimizer, team.device)
    elif moments.exists():
        team.say(load_moments(moments, options.model, config, trainer))
    if len(held_back) and done:
        team.say("The validation images are drawn anew. The network may have learned from some, which flatters it.")
    team.say(f"before: test {test.figure(trainer.measure(test)[1])}")

    rules = config.get("stop", {})
    early, wanted_accuracy = rules.get("early_stopping"), rules.get("train_accuracy")
    best_loss, best, best_weights, is_over = math.inf, 0, None, False
    for epoch in range(1, options.epochs + 1):
        loss = trainer.epoch(epoch - 1, images)
        if not math.isfinite(loss):
            raise Problem("The loss is no longer a number: the steps are too long. Give a lower --learning-rate.")
        text = f"epoch {done + epoch}: loss {loss:.4f}"
        if len(held_back):
            loss, right = trainer.measure(validation)
            text += f", validation {validation.figure(right)}"
            if early and loss < best_loss - early.get("min_delta", 0.0):
                best_loss, best, best_weights = loss, epoch, copy.deepcopy(trainer.network.state_dict())
            is_over = bool(early) and epoch - best >= early["patience"]
        if wanted_accuracy:
            right = trainer.measure(images)[1]
            text += f", training {images.figure(right)}"
            is_over = is_over or right >= wanted_accuracy * len(images.labels)
        team.say(text)
        if is_over:
            break
    if best_weights and best < epoch:
        team.say(f"The weights are those of epoch {done + best}, which had the lowest validation loss.")
        trainer.network.load_state_dict(best_weights)
        epoch = best

    team.say(f"test {test.figure(trainer.measure(test)[1])}")
    if team.rank == 0:
        write_model(options.out, trainer.network, metadata, done + epoch)
        if options.optimizer_state:
            state = {**identity(trainer.optimizer), "state": trainer.optimizer.state_dict()}
            with options.optimizer_state.open("wb") as file:
                torch.save(state, file)
        team.say(f"The weights are in {options.out}.")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Goes on training the network in this folder.")

    def add(name: str, kind: type, usual: object, text: str, **others: object) -> None:
        parser.add_argument(name, type=kind, default=usual, help=text, **others)

    data = "folder of MNIST's four files; or a .csv or .csv.gz file with a label and 784 levels in each line, of which"
    add("--data", Path, None, f"{data} a sixth is held back for testing", required=True)
    add("--epochs", int, 1, "further passes over the images (default: 1)")
    rate = "default: the highest one of the run in config.json; a tenth of it where the network was trained before and"
    add("--learning-rate", float, None, f"{rate} --schedule is constant, which spoils less of what was learned")
    schedule = "constant (default): the learning rate stays as it is, since the schedule in config.json is over."
    schedule += " config: that schedule begins anew, over the further epochs"
    add("--schedule", str, "constant", schedule, choices=["constant", "config"])
    add("--batch-size", int, None, "images to a step, in all processes together (default: config.json's)")
    add("--seed", int, None, "draws the order and changes of the images, and dropout (default: config.json's)")
    device = "auto (default): a GPU where there is one"
    add("--device", str, "auto", device, choices=["auto", "cpu", "cuda", "mps"])
    add("--model", Path, HERE / "model.safetensors", "weights to begin with (default: those in this folder)")
    add("--out", Path, Path("model-trained.safetensors"), "where the weights go (default: %(default)s)")
    state = "what the optimizer remembers: read where the file exists, written at the end. Without such a file,"
    add("--optimizer-state", Path, None, f"{state} optimizer.safetensors is read where it belongs to the weights")
    options = parser.parse_args()
    if options.epochs < 1 or (options.batch_size is not None and options.batch_size < 1) or (options.seed or 0) < 0:
        parser.error("--epochs and --batch-size must be at least 1, and --seed at least 0")
    if options.learning_rate is not None and not 0 < options.learning_rate <= 10:
        parser.error("--learning-rate must be above 0 and at most 10")
    return options


def main() -> int:
    try:
        train(read_options())
    except Problem as problem:
        # Each process says so: what is wrong may be wrong in one alone.
        print(problem, file=sys.stderr)
        return 2
    except (OSError, SafetensorError) as error:
        print(f"A file cannot be written: {reason(error)}. Look at its place and the space left.", file=sys.stderr)
        return 2
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        # PyTorch's own threads now and then abort a process that ends in the usual way, when all is written.
        os._exit(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
