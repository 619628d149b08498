"""Delivery: the shipping options of an address, their dates, postcodes and closing days."""
