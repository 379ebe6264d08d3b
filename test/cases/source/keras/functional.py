"""A residual network written as functions, its layers named by Keras but for a few."""
from tensorflow import keras
from tensorflow.keras import layers


def block(x, filters, stride=1):
    shortcut = x
    y = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    if stride > 1:
        shortcut = layers.Conv2D(filters, 1, strides=stride)(x)
    y = layers.Add()([shortcut, y])
    return layers.Activation("relu")(y)


def build(classes=5):
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 5, padding="same", activation="relu", name="stem")(image)
    x = layers.MaxPooling2D()(x)
    for filters, stride in ((8, 1), (12, 2), (12, 1)):
        x = block(x, filters, stride)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(10, activation="relu")(x)
    x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(image, x)
