"""python bench_keras.py THREADS MODEL   Keras on TensorFlow CPU: a tf.function train step over a Keras model; INKLING_MNIST_DIR says where the *-mnist models find MNIST"""
import os, sys
threads, model = int(sys.argv[1]), sys.argv[2]
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"; os.environ["OMP_NUM_THREADS"] = str(threads)
from protocol import *
import tensorflow as tf, keras
tf.config.threading.set_intra_op_parallelism_threads(threads); tf.config.threading.set_inter_op_parallelism_threads(1)
K = keras.layers
def mlp(a, b, activation="relu"): return [K.Dense(a, activation=activation), K.Dense(b, activation=activation), K.Dense(10)]
def conv(channels, size, **more): return K.Conv2D(channels, size, activation="relu", **more)
# With PyTorch's epsilon and momentum, which Keras counts from the other end.
def conv_norm(channels): return [K.Conv2D(channels, 3, use_bias=False), K.BatchNormalization(momentum=.9, epsilon=1e-5), K.ReLU()]
def norm(): return K.LayerNormalization(epsilon=1e-5)
NETS = {
    "seed": lambda: [conv(32, 3), conv(64, 3), K.MaxPooling2D(2), K.Dropout(.25), K.Flatten(), K.Dense(128, activation="relu"), K.Dropout(.5), K.Dense(10)],
    "tfjs": lambda: [conv(8, 5), K.MaxPooling2D(2), conv(16, 5), K.MaxPooling2D(2), K.Flatten(), K.Dense(10)],
    "mlp": lambda: mlp(128, 128),
    "mlp-mnist": lambda: mlp(128, 128),
    "study-mnist": lambda: mlp(100, 50),
    "study-norm-mnist": lambda: [K.Dense(30), norm(), K.ReLU(), K.Dense(5), norm(), K.Dropout(.5), K.ReLU(), K.Dense(10)],
    "strided": lambda: [conv(16, 3, strides=2), conv(32, 3, strides=2), K.Flatten(), K.Dense(64, activation="relu"), K.Dense(10)],
    "conv-norm": lambda: [*conv_norm(16), *conv_norm(32), K.MaxPooling2D(2), K.Flatten(), K.Dense(10)],
    "average-pool": lambda: [conv(8, 5), K.AveragePooling2D(2), conv(16, 5), K.AveragePooling2D(2), K.Flatten(), K.Dense(10)],
    "tanh-mlp": lambda: mlp(128, 128, "tanh"),
    "same-padding": lambda: [conv(16, 5, padding="same"), K.MaxPooling2D(2), conv(32, 5, padding="same"), K.MaxPooling2D(2), K.Flatten(), K.Dense(10)],
}
layers = NETS[model](); x, y, B, rate = task(model); nb = len(y) // B
img = (784,) if isinstance(layers[0], K.Dense) else (28, 28, 1)
net = keras.Sequential([keras.Input(img)] + layers); opt = keras.optimizers.Adam(rate); opt.build(net.trainable_variables)
xs = [tf.constant(a) for a in x.reshape(nb, B, *img)]; ys = [tf.constant(a) for a in y.reshape(nb, B)]
@tf.function
def train(x, y):
    with tf.GradientTape() as t: l = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, net(x, training=True)))
    opt.apply_gradients(zip(t.gradient(l, net.trainable_variables), net.trainable_variables)); return l
pred = tf.function(lambda x: tf.nn.softmax(net(x, training=False))); one = xs[0][:1]; S = {}
r = measure_infer(lambda: pred(one).numpy())
def step(i): S["l"] = train(xs[i % nb], ys[i % nb])
r.update(measure_train(step, lambda: float(S["l"].numpy()), B)); r["params"] = int(net.count_params())
report("keras-tf", f"cpu-{threads}thread", model, B, r, tf=tf.__version__, keras=keras.__version__)
