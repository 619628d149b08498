"""Files of the books for bookkeeping programs."""
