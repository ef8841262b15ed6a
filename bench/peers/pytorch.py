"""PyTorch on one thread."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from serve import labels, numbers, parameters, samples, serve

torch.set_num_threads(1)
MILLION = 1 << 20


def given(shape, seed):
    return torch.from_numpy(numbers(math.prod(shape), seed)).reshape(shape)


def operation(compute):
    return compute, lambda: samples(compute().reshape(-1).numpy())


def product(trans_a, trans_b):
    a, b = given((512, 512), 1), given((512, 512), 2)
    a, b = a.t() if trans_a else a, b.t() if trans_b else b
    return operation(lambda: a @ b)


def unary(compute):
    x = given((MILLION,), 1)
    return operation(lambda: compute(x))


def add():
    a, b = given((MILLION,), 1), given((MILLION,), 2)
    return operation(lambda: a + b)


def softmax():
    x = given((128, 1000), 1)
    return operation(lambda: F.softmax(x, -1))


def with_weights(model):
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    model.load_state_dict({name: torch.from_numpy(v).reshape(shapes[name]) for name, v in parameters(shapes).items()})
    return model


def training(model, loss):
    optimizer = torch.optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step, lambda: [step() for _ in range(3)]


def targets():
    return torch.from_numpy(labels(128, 10, 2)).long()


def mlp_step():
    model = with_weights(nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)))
    x, y = given((128, 784), 1), targets()
    return training(model, lambda: F.cross_entropy(model(x), y))


def cnn():
    conv = lambda i, o: nn.Conv2d(i, o, 3, padding=1)
    layers = [conv(1, 32), nn.ReLU(), nn.MaxPool2d(2), conv(32, 64), nn.ReLU(), nn.MaxPool2d(2)]
    return with_weights(nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 10)))


def cnn_step(memory_format=torch.contiguous_format):
    model = cnn().to(memory_format=memory_format)
    x, y = given((128, 1, 28, 28), 1).to(memory_format=memory_format), targets()
    return training(model, lambda: F.cross_entropy(model(x), y))


def cnn_inference():
    model = cnn()
    x = given((128, 1, 28, 28), 1)

    @torch.no_grad()
    def forward():
        return model(x)

    return forward, lambda: forward().reshape(-1)[:3].tolist()


class SequenceModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 64)
        self.head = nn.Linear(64, 1)

    def forward(self, x):
        y, _ = self.lstm(x)
        return self.head(y[-1])


def lstm_step():
    model = with_weights(SequenceModel())
    x, y = given((30, 32, 4), 1), given((32, 1), 2)
    return training(model, lambda: F.mse_loss(model(x), y))


def transformer_step():
    block = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, activation="gelu", norm_first=True, batch_first=True)
    model = with_weights(block)
    x, y = given((8, 128, 128), 1), given((8, 128, 128), 2)
    return training(model, lambda: F.mse_loss(model(x), y))


serve(
    {
        "matmul NN 512³": lambda: product(False, False),
        "matmul NT 512³": lambda: product(False, True),
        "matmul TN 512³": lambda: product(True, False),
        "exp 1M": lambda: unary(torch.exp),
        "tanh 1M": lambda: unary(torch.tanh),
        "gelu 1M": lambda: unary(F.gelu),
        "add 1M": add,
        "sum 1M": lambda: unary(torch.sum),
        "softmax [128, 1000]": softmax,
        "MLP step": mlp_step,
        "CNN step": cnn_step,
        "CNN inference": cnn_inference,
        "LSTM step": lstm_step,
        "Transformer block step": transformer_step,
    },
    version=torch.__version__,
)
