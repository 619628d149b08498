"""The catalogue: products, prices, stock, listings, search and imports."""
