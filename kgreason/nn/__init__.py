"""The neural rooms: M (backbone), K (knowledge), E (emotion), C (context), R (logic) and the model that joins them."""
