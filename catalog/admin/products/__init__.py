"""The admin of products: list, form, variants, prices by market, images and bulk edits."""
