"""A model and a layer that are classes of their own."""
from tensorflow.keras import Model, layers


class ConvBlock(layers.Layer):
    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(filters, 3, padding="same")
        self.norm = layers.BatchNormalization()
        self.act = layers.ReLU()

    def call(self, x):
        return self.act(self.norm(self.conv(x)))


class Net(Model):
    def __init__(self, classes=4):
        super().__init__()
        self.stem = layers.Conv2D(8, 5, name="stem")
        self.blocks = [ConvBlock(8) for _ in range(2)]
        self.wide = ConvBlock(16)
        self.pool = layers.GlobalAveragePooling2D()
        self.fc = layers.Dense(classes)

    def call(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.fc(self.pool(self.wide(x)))


def build():
    return Net()
