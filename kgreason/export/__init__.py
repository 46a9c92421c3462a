"""A model as ONNX files, and answers from them without torch."""
