"""Reading FER2013 in every form it comes in, splitting it, and writing predictions, without TensorFlow."""
