"""How staff edits are recorded and how concurrent ones are detected, in every form of the admin."""
