"""A stack of layers, one of them a stack itself."""
import tensorflow as tf

augment = tf.keras.Sequential(
    [
        tf.keras.layers.Rescaling(1 / 127.5, offset=-1),
    ]
)


def build():
    model = tf.keras.Sequential()
    model.add(tf.keras.Input((16, 16, 3)))
    model.add(augment)
    model.add(tf.keras.layers.Conv2D(6, 3, activation="relu"))
    model.add(tf.keras.layers.MaxPooling2D())
    model.add(tf.keras.layers.Conv2D(9, 3))
    model.add(tf.keras.layers.LeakyReLU())
    model.add(tf.keras.layers.Flatten())
    model.add(tf.keras.layers.Dense(16, activation="tanh"))
    model.add(tf.keras.layers.Dense(3))
    return model
