"""python bench_torch.py THREADS MODEL   eager PyTorch on the CPU"""
import sys
from common import *
threads = int(sys.argv[1]); models = sys.argv[2:]
import torch, torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(threads); torch.manual_seed(0)
NETS = {
    "seed": lambda: nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
                                  nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)),
    "tfjs": lambda: nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                                    nn.Flatten(), nn.Linear(256, 10)),
    "mlp": lambda: nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10)),
}
B = 64
x, y = make_data(); nb = len(y) // B
for m in models:
    img = (784,) if m == "mlp" else (1, 28, 28)
    xs = torch.from_numpy(x).reshape(nb, B, *img); ys = torch.from_numpy(y).reshape(nb, B)
    net = NETS[m](); opt = torch.optim.Adam(net.parameters(), lr=1e-3); state = {}
    net.eval(); one = xs[0, :1].clone()
    def predict():
        with torch.inference_mode(): return F.softmax(net(one), 1).numpy()
    r = measure_infer(predict)
    net.train()
    def step(i):
        opt.zero_grad(); loss = F.cross_entropy(net(xs[i % nb]), ys[i % nb]); loss.backward(); opt.step(); state["loss"] = loss
    r.update(measure_train(step, lambda: state["loss"].item(), B))
    r["params"] = sum(p.numel() for p in net.parameters())
    report("pytorch", f"cpu-{threads}thread", m, B, r, torch=torch.__version__, cap=torch.backends.cpu.get_cpu_capability())
