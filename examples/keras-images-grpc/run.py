"""A Keras network on images is served over gRPC, and asked by a client in the model's own types."""

import json
import os
import subprocess
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import grpc
import keras
import numpy as np
from sklearn.datasets import load_digits

import mlpack

# A small network that reads handwritten digits, saved as Keras saves it.
digits = load_digits()
images = (digits.images / 16).astype("float32")[..., None]
layers = [
    keras.Input((8, 8, 1), name="image"),
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
]
model = keras.Sequential(layers)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(images, digits.target, epochs=3, verbose=0)
model.save("digits.keras")
np.save("images.npy", images[:200])

# Packed and proven; then the project of its service, in which model.proto and its Python are what a client needs.
print(mlpack.pack("digits.keras", "digits.mlpack", data="images.npy"))
mlpack.scaffold("digits.mlpack", "digits-service", lock=False)
sys.path.append("digits-service")
import model_pb2
import model_pb2_grpc

# Served on ports that are free; 500 images in one request, as numbers and not as text.
command = ["mlpack", "serve", "digits.mlpack", "--json", "-p", "0", "--grpc-port", "0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
    address = json.loads(service.stdout.readline())["data"]["grpc"]
    with grpc.insecure_channel(address) as channel:
        asked = model_pb2.FloatTensor(shape=images[:500].shape, values=images[:500].ravel())
        reply = model_pb2_grpc.DigitsStub(channel).Predict(model_pb2.PredictRequest(image=asked))
    service.terminate()
answers = np.array([one.output for one in reply.predictions])
print("images answered:", len(answers))
print("worst difference below 0.0001:", np.abs(answers - model.predict(images[:500], verbose=0)).max() < 1e-4)
