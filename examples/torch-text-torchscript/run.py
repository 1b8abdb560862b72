"""A torch network that sorts sentences becomes TorchScript, which loads without the Python that made it."""

import re
import zlib

import numpy as np
import sklearn.datasets
import torch

import mlpack

# Sentences from the descriptions of six data sets: the network is to say which one a sentence is about.
SETS = ["iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud"]
texts = [getattr(sklearn.datasets, f"load_{name}")().DESCR for name in SETS]
sentences = [
    (part, which) for which, text in enumerate(texts) for part in re.split(r"\.\s|\n\n", text) if len(part) > 20
]


def numbered(sentence):
    """The first 32 words, each as a number from 1 to 999; 0 fills up."""
    words = re.findall(r"\w+", sentence.lower())[:32]
    return [1 + zlib.crc32(word.encode()) % 999 for word in words] + [0] * (32 - len(words))


rows = torch.tensor([numbered(sentence) for sentence, _ in sentences])
labels = torch.tensor([which for _, which in sentences])
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.EmbeddingBag(1000, 32, padding_idx=0), torch.nn.ReLU(), torch.nn.Linear(32, 6))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(60):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(rows), labels).backward()
    optimizer.step()
torch.save(model.eval(), "topics.pt")
np.save("sentences.npy", rows.numpy())

# A module saved whole asks for code when it is loaded. We made this file ourselves: it is trusted by its hash.
(found,) = mlpack.scan("topics.pt").files
print("before it is converted:", found.verdict)
print(mlpack.convert("topics.pt", "topics_script.pt", to="torchscript", data="sentences.npy", trust=[found.sha256]))
print("after:", mlpack.scan("topics_script.pt").files[0].verdict)
script = torch.jit.load("topics_script.pt")
print("the same topics:", bool((script(rows).argmax(1) == model(rows).argmax(1)).all()))
topic = script(torch.tensor([numbered("alcohol, malic acid and hue of a cultivar")])).argmax()
print("the sentence is about:", SETS[topic])
