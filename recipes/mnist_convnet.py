"""The classic convolutional network on MNIST, stopped early, with its loss curves.

Measured on 2 cores of an AMD EPYC, one seed: 98.9 % test accuracy after 8 epochs, 101 seconds.
    python recipes/mnist_convnet.py
"""

import striate as st
from striate import layers

(x_train, y_train), (x_test, y_test) = st.datasets.mnist.load_data()
x_train = x_train.reshape((60000, 28, 28, 1)).astype("float32") / 255
x_test = x_test.reshape((10000, 28, 28, 1)).astype("float32") / 255

model = st.Sequential(
    [
        st.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

stopping = st.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True)
history = model.fit(x_train, y_train, epochs=12, batch_size=256, validation_split=0.1, callbacks=[stopping])
history.plot().write_html("mnist_convnet_curves.html")

loss, accuracy = model.evaluate(x_test, y_test)
print(f"test accuracy {accuracy:.4f}; curves in mnist_convnet_curves.html")
