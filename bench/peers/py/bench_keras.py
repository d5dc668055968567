"""python bench_keras.py THREADS MODEL   Keras on TensorFlow CPU: a tf.function train step over a Keras model"""
import os, sys
threads = int(sys.argv[1]); models = sys.argv[2:]
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"; os.environ["OMP_NUM_THREADS"] = str(threads)
from common import *
import tensorflow as tf, keras
tf.config.threading.set_intra_op_parallelism_threads(threads); tf.config.threading.set_inter_op_parallelism_threads(1)
K = keras.layers
NETS = {
    "seed": lambda: [K.Conv2D(32, 3, activation="relu"), K.Conv2D(64, 3, activation="relu"), K.MaxPooling2D(2), K.Dropout(.25), K.Flatten(),
                     K.Dense(128, activation="relu"), K.Dropout(.5), K.Dense(10)],
    "tfjs": lambda: [K.Conv2D(8, 5, activation="relu"), K.MaxPooling2D(2), K.Conv2D(16, 5, activation="relu"), K.MaxPooling2D(2), K.Flatten(), K.Dense(10)],
    "mlp": lambda: [K.Dense(128, activation="relu"), K.Dense(128, activation="relu"), K.Dense(10)],
}
B = 64
x, y = make_data(); nb = len(y) // B
for m in models:
    img = (784,) if m == "mlp" else (28, 28, 1)
    net = keras.Sequential([keras.Input(img)] + NETS[m]()); opt = keras.optimizers.Adam(1e-3); opt.build(net.trainable_variables)
    xs = [tf.constant(a) for a in x.reshape(nb, B, *img)]; ys = [tf.constant(a) for a in y.reshape(nb, B)]
    @tf.function
    def train(x, y):
        with tf.GradientTape() as t: l = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, net(x, training=True)))
        opt.apply_gradients(zip(t.gradient(l, net.trainable_variables), net.trainable_variables)); return l
    pred = tf.function(lambda x: tf.nn.softmax(net(x, training=False))); one = xs[0][:1]; S = {}
    r = measure_infer(lambda: pred(one).numpy())
    def step(i): S["l"] = train(xs[i % nb], ys[i % nb])
    r.update(measure_train(step, lambda: float(S["l"].numpy()), B)); r["params"] = int(net.count_params())
    report("keras-tf", f"cpu-{threads}thread", m, B, r, tf=tf.__version__, keras=keras.__version__)
