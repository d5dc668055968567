"""python to_99.py THREADS [SEED]   the recipe "Fast" on MNIST: seconds of training, the test left out, and the accuracy"""
import gzip, json, os, sys, time
import numpy as np
threads = int(sys.argv[1]); seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
import torch, torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(threads); torch.manual_seed(seed)
def idx(name, header): return np.frombuffer(gzip.open(os.path.join(os.environ["INKLING_MNIST_DIR"], name + "-ubyte.gz")).read(), np.uint8, offset=header)
def images(name): return torch.from_numpy(idx(name, 16).reshape(-1, 1, 28, 28).copy())
def labels(name): return torch.from_numpy(idx(name, 8).astype(np.int64))
x, y = images("train-images-idx3"), labels("train-labels-idx1"); tx, ty = images("t10k-images-idx3"), labels("t10k-labels-idx1")
net = nn.Sequential(nn.Conv2d(1, 24, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(24, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10))
opt = torch.optim.Adam(net.parameters(), lr=0.008); B = 64; steps = (len(y) + B - 1) // B
def factor(step):
    at = (step + 0.5) / steps
    return 0.1 + 0.9 * at / 0.2 if at < 0.2 else max(0.001, 1 - (at - 0.2) / 0.8)
start = time.perf_counter(); order = torch.randperm(len(y))
for step in range(steps):
    for group in opt.param_groups: group["lr"] = 0.008 * factor(step)
    batch = order[step * B:(step + 1) * B]; opt.zero_grad()
    F.cross_entropy(net(x[batch].float() / 255), y[batch]).backward(); opt.step()
seconds = time.perf_counter() - start; net.eval()
with torch.inference_mode(): right = sum((net(a.float() / 255).argmax(1) == b).sum().item() for a, b in zip(tx.split(500), ty.split(500)))
print(json.dumps(dict(seconds=seconds, accuracy=right / len(ty))))
