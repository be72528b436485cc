"""A dense network on MNIST: 512 relu units, 10 softmax units, plain SGD.

The baseline before any convolution: it sees a picture as 784 unrelated numbers.

Measured on 2 cores of an AMD EPYC, one seed: 91.5 % test accuracy after 5 epochs,
12 seconds of processor time.
    python recipes/mnist_dense.py
"""

import striate as st
from striate import layers

(x_train, y_train), (x_test, y_test) = st.datasets.mnist.load_data()
x_train = x_train.reshape((60000, 28 * 28)).astype("float32") / 255
x_test = x_test.reshape((10000, 28 * 28)).astype("float32") / 255

model = st.Sequential(
    [
        layers.Dense(512, activation="relu", input_shape=(28 * 28,)),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, st.utils.to_categorical(y_train), epochs=5, batch_size=128)
loss, accuracy = model.evaluate(x_test, st.utils.to_categorical(y_test))
print(f"test accuracy {accuracy:.4f}")
