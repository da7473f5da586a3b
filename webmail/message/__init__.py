"""What a message says: addresses, headers, structure, bodies. Data in, data out."""
