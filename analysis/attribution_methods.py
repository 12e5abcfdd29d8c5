"""The attribution methods by name; apart, so that a name can be checked without TensorFlow."""

# The name on the command line: the name in a figure.
METHODS = {
    "gradient": "gradient",
    "smoothgrad": "SmoothGrad",
    "integrated": "integrated gradients",
    "gradcam": "Grad-CAM",
}
