"""Layers whose names are made of the names of what they lie in."""
from tensorflow import keras
from tensorflow.keras.layers import BatchNormalization, Conv2D, Dense, DepthwiseConv2D, GlobalAveragePooling2D, ReLU


def conv_block(x, filters, name):
    x = DepthwiseConv2D(3, padding="same", name=name + "_depthwise")(x)
    x = BatchNormalization(name=f"{name}_bn")(x)
    x = ReLU(name=f"{name}_relu")(x)
    x = Conv2D(filters, 1, name=name + "_project")(x)
    return x


def build():
    image = keras.Input((16, 16, 3), name="image")
    x = Conv2D(8, 3, strides=2, name="conv1")(image)
    x = ReLU(name="conv1_relu")(x)
    for i in range(2):
        x = conv_block(x, 8 * (i + 1), f"block_{i}")
    x = conv_block(x, 24, name="last")
    x = GlobalAveragePooling2D(name="pool")(x)
    x = Dense(4, name="logits")(x)
    return keras.Model(image, x, name="named")
