"""Writes web/ort/<model>/{training,eval,optimizer}_model.onnx + checkpoint with onnxruntime-training-cpu 1.19.2 (the last release).
onnxruntime.training/__init__ imports torch for nothing that is needed here, so it is bypassed."""
import os, sys, types, importlib.util
import onnxruntime
pkg = types.ModuleType("onnxruntime.training"); pkg.__path__ = [os.path.join(os.path.dirname(onnxruntime.__file__), "training")]
sys.modules["onnxruntime.training"] = pkg; onnxruntime.training = pkg
import numpy as np, onnx
from onnx import helper as h, numpy_helper as nh, TensorProto as T
from onnxruntime.training import artifacts
rng = np.random.default_rng(0)
def build(name, train=True):
    nodes, inits, trainable, cur = [], [], [], ["x"]
    n = [0]
    def const(nm, a): inits.append(nh.from_array(a, nm)); return nm
    def param(shape, fan):
        n[0] += 1; w = const(f"w{n[0]}", (rng.standard_normal(shape) * np.sqrt(2 / fan)).astype(np.float32)); b = const(f"b{n[0]}", np.zeros(shape[0], np.float32))
        trainable.extend([w, b]); return w, b
    def op(t, ins, **kw):
        out = f"t{len(nodes)}"; outs = [out] + ([out + "_aux"] if t in ("MaxPool", "Dropout") and train else [])   # the gradients need indices and mask
        nodes.append(h.make_node(t, ins, outs, **kw)); cur[0] = out
    conv = lambda ci, co, k: (lambda wb: op("Conv", [cur[0], *wb], kernel_shape=[k, k]))(param((co, ci, k, k), ci * k * k))
    relu = lambda: op("Relu", [cur[0]])
    pool = lambda: op("MaxPool", [cur[0]], kernel_shape=[2, 2], strides=[2, 2])
    dense = lambda i, o: (lambda wb: op("Gemm", [cur[0], *wb], transB=1))(param((o, i), i))
    def drop(r):
        if not train: return
        rn, tn = const(f"r{len(nodes)}", np.array(r, np.float32)), const(f"m{len(nodes)}", np.array(True)); op("Dropout", [cur[0], rn, tn])
    flat = lambda: op("Flatten", [cur[0]])
    if name == "seed": conv(1, 32, 3); relu(); conv(32, 64, 3); relu(); pool(); drop(.25); flat(); dense(9216, 128); relu(); drop(.5); dense(128, 10)
    elif name == "tfjs": conv(1, 8, 5); relu(); pool(); conv(8, 16, 5); relu(); pool(); flat(); dense(256, 10)
    else: dense(784, 128); relu(); dense(128, 128); relu(); dense(128, 10)
    if not train: op("Softmax", [cur[0]], axis=1)
    nodes[-1].output[0] = "logits"
    img = [784] if name == "mlp" else [1, 28, 28]
    g = h.make_graph(nodes, name, [h.make_tensor_value_info("x", T.FLOAT, ["batch"] + img)], [h.make_tensor_value_info("logits", T.FLOAT, ["batch", 10])], inits)
    m = h.make_model(g, opset_imports=[h.make_opsetid("", 15)]); m.ir_version = 8; onnx.checker.check_model(m); return m, trainable
for name in ["seed", "tfjs", "mlp"]:
    d = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../web/ort", name); os.makedirs(d, exist_ok=True)
    m, trainable = build(name)
    artifacts.generate_artifacts(m, requires_grad=trainable, loss=artifacts.LossType.CrossEntropyLoss, optimizer=artifacts.OptimType.AdamW, artifact_directory=d)
    onnx.save(build(name, False)[0], os.path.join(d, "infer.onnx"))
    print(name, os.listdir(d))
