"""Words for the names of made-up products and categories."""

import random
from dataclasses import dataclass

ROOTS = [
    *("Kitchen", "Tableware", "Lighting", "Textiles", "Furniture", "Garden", "Bath", "Office", "Children", "Outdoor"),
]
KINDS = {
    "Kitchen": ["Knives", "Pans", "Boards", "Storage", "Baking", "Coffee"],
    "Tableware": ["Mugs", "Plates", "Bowls", "Glasses", "Cutlery", "Jugs"],
    "Lighting": ["Table lamps", "Pendants", "Floor lamps", "Candles", "Bulbs", "Lanterns"],
    "Textiles": ["Blankets", "Cushions", "Curtains", "Rugs", "Bed linen", "Throws"],
    "Furniture": ["Chairs", "Tables", "Shelves", "Stools", "Benches", "Desks"],
    "Garden": ["Pots", "Tools", "Seeds", "Watering", "Planters", "Baskets"],
    "Bath": ["Towels", "Soaps", "Brushes", "Mirrors", "Mats", "Hooks"],
    "Office": ["Notebooks", "Pens", "Trays", "Clocks", "Folders", "Cases"],
    "Children": ["Blocks", "Puzzles", "Dolls", "Books", "Mobiles", "Boxes"],
    "Outdoor": ["Tents", "Bottles", "Stoves", "Hammocks", "Ropes", "Packs"],
}
# The formatter skips this dictionary and COLOURS: one entry per line would fill three screens.
NOUNS = {
    "Knives": "knife", "Pans": "pan", "Boards": "board", "Storage": "jar", "Baking": "tin", "Coffee": "dripper",
    "Mugs": "mug", "Plates": "plate", "Bowls": "bowl", "Glasses": "glass", "Cutlery": "fork", "Jugs": "jug",
    "Table lamps": "lamp", "Pendants": "pendant", "Floor lamps": "uplighter", "Candles": "candle", "Bulbs": "bulb",
    "Lanterns": "lantern", "Blankets": "blanket", "Cushions": "cushion", "Curtains": "curtain", "Rugs": "rug",
    "Bed linen": "duvet", "Throws": "throw", "Chairs": "chair", "Tables": "table", "Shelves": "shelf",
    "Stools": "stool", "Benches": "bench", "Desks": "desk", "Pots": "pot", "Tools": "trowel", "Seeds": "seeds",
    "Watering": "can", "Planters": "planter", "Baskets": "basket", "Towels": "towel", "Soaps": "soap",
    "Brushes": "brush", "Mirrors": "mirror", "Mats": "mat", "Hooks": "hook", "Notebooks": "notebook", "Pens": "pen",
    "Trays": "tray", "Clocks": "clock", "Folders": "folder", "Cases": "case", "Blocks": "blocks",
    "Puzzles": "puzzle", "Dolls": "doll", "Books": "book", "Mobiles": "mobile", "Boxes": "box", "Tents": "tent",
    "Bottles": "bottle", "Stoves": "stove", "Hammocks": "hammock", "Ropes": "rope", "Packs": "pack",
}  # fmt: skip
MATERIALS = ["Oak", "Ceramic", "Linen", "Steel", "Glass", "Wool", "Brass", "Cork", "Cotton", "Ash", "Marble", "Rattan"]
COLOURS = {
    "Sand": "#d9c7ac", "Chalk": "#f2efe8", "Moss": "#7a8457", "Ink": "#2b3546", "Clay": "#b4654a", "Slate": "#5d6670",
    "Rose": "#d6a3a0", "Ochre": "#c99a3b", "Pine": "#35553f", "Sky": "#9cc0d9",
}  # fmt: skip
STYLES = ["Nordic", "Rustic", "Modern", "Classic", "Coastal", "Industrial"]
SIZES = ["Small", "Medium", "Large"]
QUALITIES = ["handmade", "speckled", "woven", "folding", "stacking", "everyday", "slim", "round", "quiet", "sturdy"]
STARTS = [
    "al",
    "be",
    "cor",
    "del",
    "el",
    "fa",
    "gri",
    "ha",
    "il",
    "jo",
    "ka",
    "lu",
    "mo",
    "na",
    "or",
    "pe",
    "ri",
    "so",
    "ta",
    "ve",
]
MIDDLES = ["ba", "da", "fi", "go", "la", "mi", "no", "ra", "se", "tu", "va", "zi"]
ENDS = ["dor", "len", "mark", "ne", "ra", "sel", "ta", "vik", "wen", "xa"]
VERY_COMMON = "handmade"  # in the titles of 40 % of the products


@dataclass(frozen=True)
class Names:
    """Generates names. The same seed generates the same names."""

    draw: random.Random
    series: list[str]

    def title(self, kind: str, material: str) -> str:
        quality = VERY_COMMON if self.draw.random() < 0.4 else self.draw.choice(QUALITIES[1:])
        return f"{self.draw.choice(self.series)} {quality} {material.lower()} {NOUNS[kind]}"


def series_names(draw: random.Random, count: int) -> list[str]:
    """`count` different invented names: Albador, Corfimark."""
    names: dict[str, None] = {}
    while len(names) < count:
        middles = "".join(draw.choice(MIDDLES) for _ in range(draw.randint(1, 3)))
        names[(draw.choice(STARTS) + middles + draw.choice(ENDS)).capitalize()] = None
    return list(names)
