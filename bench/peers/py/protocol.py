"""The same data and protocol as web/protocol.js, for the native peers."""
import gzip, json, os, resource, statistics, sys, time
from typing import NamedTuple
import numpy as np

def _mulberry32(a):
    m = 0xFFFFFFFF
    def imul(x, y): return (x * y) & m
    def r():
        nonlocal a
        a = (a + 0x6D2B79F5) & m
        t = imul(a ^ (a >> 15), 1 | a)
        t = ((t + imul(t ^ (t >> 7), 61 | t)) & m) ^ t
        return (t ^ (t >> 14)) / 4294967296
    return r

def make_data(n=1280):
    r = _mulberry32(12345)
    protos = [[(int(r() * 784), 0.5 + 0.5 * r()) for _ in range(150)] for _ in range(10)]
    x = np.zeros((n, 784), np.float32); y = np.zeros(n, np.int64)
    for i in range(n):
        k = int(r() * 10)
        for at, v in protos[k]: x[i, at] = v * (0.5 + 0.5 * r())
        for _ in range(10):
            at = int(r() * 784); x[i, at] = r()
        y[i] = int(r() * 10) if r() < 0.1 else k
    return x, y

def mnist_images(n=12_800):
    """The first training images of MNIST, in the file's order, as grey levels, and their labels."""
    def read(name, header, size):
        with gzip.open(os.path.join(os.environ["INKLING_MNIST_DIR"], name)) as file:
            return np.frombuffer(file.read(header + size), np.uint8, offset=header)
    return read("train-images-idx3-ubyte.gz", 16, 784 * n).reshape(n, 784), read("train-labels-idx1-ubyte.gz", 8, n)

class Task(NamedTuple):
    """What a model learns, and how; each peer knows the models' layers."""
    x: np.ndarray   # rows of 784 pixels
    y: np.ndarray
    batch: int = 64
    learning_rate: float = 1e-3

def task(model):
    if not model.endswith("-mnist"): return Task(*make_data())
    x, y = mnist_images(); x = x.astype(np.float32); y = y.astype(np.int64)
    if not model.startswith("study-"): return Task(x / 255, y)
    return Task((x - x.mean()) / x.std(), y, batch=512, learning_rate=0.01)   # standardised: over all pixels of all images

def _busy():
    c = [float(v) * 1e-2 for v in open("/proc/stat").readline().split()[1:]]
    return c[0] + c[1] + c[2] + c[5] + c[6]

def measure_train(step, read_loss, batch, warm=5, windows=3, min_steps=20, max_window_s=12, min_window_s=2, max_steps=400):
    i = 0
    t = time.perf_counter(); step(i); i += 1; first = read_loss(); first_ms = (time.perf_counter() - t) * 1e3
    step(i); i += 1; read_loss()
    t = time.perf_counter()
    for _ in range(warm - 2): step(i); i += 1
    read_loss(); per = (time.perf_counter() - t) / (warm - 2)
    n = min(max_steps, max(min_steps, int(min_window_s / per) + 1))
    if n * per > max_window_s: n = max(1, int(max_window_s / per))
    ms = []; cpu = []; oth = []
    for _ in range(windows):
        b0 = _busy(); c0 = time.process_time(); t = time.perf_counter()
        for _ in range(n): step(i); i += 1
        last = read_loss(); dt = time.perf_counter() - t; ms.append(dt / n * 1e3)
        dc = time.process_time() - c0; cpu.append(dc / n * 1e3); oth.append((_busy() - b0 - dc) / dt)
    med = statistics.median(ms); cmed = statistics.median(cpu)
    return dict(train_images_per_s=batch * 1e3 / med, step_ms=med, cpu_ms_per_step=cmed, train_images_per_cpu_s=batch * 1e3 / cmed,
                best_images_per_s=batch * 1e3 / min(ms), other_jobs_cores=statistics.median(oth), cores_used=cmed / med, window_step_ms=ms, steps_per_window=n,
                total_steps=i, first_step_ms=first_ms, first_loss=first, last_loss=last)

def measure_infer(predict, reps=50):
    for _ in range(5): p = predict()
    ms = []
    for _ in range(reps):
        t = time.perf_counter(); p = predict(); ms.append((time.perf_counter() - t) * 1e3)
    return dict(infer_ms_batch1=statistics.median(ms), infer_reps=reps, probs_sum=float(np.sum(p)))

def report(peer, backend, model, batch, r, **info):
    r["peak_memory_bytes"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(dict(info=info, **r)), flush=True)
