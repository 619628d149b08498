"""Products: their documents, pages, slugs, categories, images and bulk edits."""
