"""python bench_torch.py THREADS MODEL   eager PyTorch on the CPU; INKLING_MNIST_DIR says where the *-mnist models find MNIST"""
import sys
from protocol import *
threads, model = int(sys.argv[1]), sys.argv[2]
import torch, torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(threads); torch.manual_seed(0)
def mlp(a, b, activation=nn.ReLU): return nn.Sequential(nn.Linear(784, a), activation(), nn.Linear(a, b), activation(), nn.Linear(b, 10))
NETS = {
    "seed": lambda: nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
                                  nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)),
    "tfjs": lambda: nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                                  nn.Flatten(), nn.Linear(256, 10)),
    "mlp": lambda: mlp(128, 128),
    "mlp-mnist": lambda: mlp(128, 128),
    "study-mnist": lambda: mlp(100, 50),
    "study-norm-mnist": lambda: nn.Sequential(nn.Linear(784, 30), nn.LayerNorm(30), nn.ReLU(), nn.Linear(30, 5), nn.LayerNorm(5), nn.Dropout(0.5), nn.ReLU(),
                                              nn.Linear(5, 10)),
    "strided": lambda: nn.Sequential(nn.Conv2d(1, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
                                     nn.Flatten(), nn.Linear(1152, 64), nn.ReLU(), nn.Linear(64, 10)),
    "conv-norm": lambda: nn.Sequential(nn.Conv2d(1, 16, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
                                       nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4608, 10)),
    "average-pool": lambda: nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(), nn.AvgPool2d(2),
                                          nn.Flatten(), nn.Linear(256, 10)),
    "tanh-mlp": lambda: mlp(128, 128, nn.Tanh),
    "same-padding": lambda: nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                                          nn.Flatten(), nn.Linear(1568, 10)),
}
net = NETS[model](); x, y, B, rate = task(model); nb = len(y) // B
img = (784,) if isinstance(net[0], nn.Linear) else (1, 28, 28)
xs = torch.from_numpy(x).reshape(nb, B, *img); ys = torch.from_numpy(y).reshape(nb, B)
opt = torch.optim.Adam(net.parameters(), lr=rate); state = {}
net.eval(); one = xs[0, :1].clone()
def predict():
    with torch.inference_mode(): return F.softmax(net(one), 1).numpy()
r = measure_infer(predict)
net.train()
def step(i):
    opt.zero_grad(); loss = F.cross_entropy(net(xs[i % nb]), ys[i % nb]); loss.backward(); opt.step(); state["loss"] = loss
r.update(measure_train(step, lambda: state["loss"].item(), B))
r["params"] = sum(p.numel() for p in net.parameters())
report("pytorch", f"cpu-{threads}thread", model, B, r, torch=torch.__version__, cap=torch.backends.cpu.get_cpu_capability())
