"""The README's kind of program, run far from the source: it must learn something in seconds."""

import striate as st

(x, y), (x_test, y_test) = st.datasets.mnist.load_data()
model = st.Sequential(
    [
        st.Input((28, 28, 1)),
        st.layers.Rescaling(1 / 255),
        st.layers.Conv2D(8, 3, activation="relu"),
        st.layers.MaxPooling2D(2),
        st.layers.Flatten(),
        st.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:4000, ..., None], y[:4000], epochs=2, batch_size=64, verbose=2)
model.save("model.striate")
loss, accuracy = st.load("model.striate").evaluate(x_test[:1000, ..., None], y_test[:1000], verbose=0)
print(f"test accuracy {accuracy:.3f}")
if accuracy < 0.7:
    raise SystemExit(f"the smoke network learnt too little: {accuracy:.3f}")
