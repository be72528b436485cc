"""How the numbers of every kind of layer are made, one at a time, forwards and backwards."""
