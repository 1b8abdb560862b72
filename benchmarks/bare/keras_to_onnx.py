"""What a user writes without mlpack: load, convert, save."""

import sys

import keras
import tensorflow as tf
import tf2onnx

model = keras.models.load_model(sys.argv[1], compile=False)
inputs = [tf.TensorSpec(tensor.shape, tensor.dtype, name="input") for tensor in model.inputs]
function = tf.function(lambda x: model(x, training=False), input_signature=inputs)
tf2onnx.convert.from_function(function, input_signature=inputs, opset=18, output_path=sys.argv[2])
