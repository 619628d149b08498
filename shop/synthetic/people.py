"""Names and places of made-up customers."""

FIRST_NAMES = (
    *("Anna", "Ben", "Clara", "Daan", "Elif", "Finn", "Greta", "Hanna", "Ines", "Jonas", "Katarzyna", "Lukas", "Maja"),
    *("Niamh", "Oscar", "Piotr", "Quentin", "Renée", "Sofie", "Theo", "Ulla", "Valentin", "Wiebke", "Xenia", "Yusuf"),
    *("Zoë", "Ágnes", "Björn", "Chloé", "Dóra", "Émile", "François", "Göran", "Håkon", "Íris", "Jürgen", "Kübra"),
    *("Léa", "Matteo", "Noémie", "Øyvind", "Paweł", "Rūta", "Søren", "Tomáš", "Úna", "Věra", "Werner", "Željka"),
)
LAST_NAMES = (
    *("Müller", "Schmidt", "Bianchi", "de Wit", "Byrne", "Virtanen", "Nováková", "van Dijk", "Zieliński", "Feldmann"),
    *("Lindqvist", "Peeters", "Dubois", "García", "Horváth", "Jansen", "Kowalski", "Larsen", "Martin", "Nagy", "Olsen"),
    *("Papadopoulos", "Rossi", "Silva", "Strauß", "Tamm", "Urban", "Vukić", "Weber", "Yılmaz", "Groß", "Łukasik"),
    *("Hansen", "Becker", "Moreau", "Ferrari", "Kaya", "Bakker", "Novák", "Fischer", "O’Brien", "Köhler", "Ivanova"),
    *("Mertens", "Costa", "Petrov", "Andersson", "Keller", "Meyer-Lüdenscheid", "Wójcik", "Lefèvre", "Popescu"),
)
CITIES = {
    "DE": ("Berlin", "Hamburg", "München", "Köln", "Leipzig", "Bremen"),
    "AT": ("Wien", "Graz", "Linz"),
    "BE": ("Antwerpen", "Gent", "Liège"),
    "NL": ("Utrecht", "Rotterdam", "Groningen"),
    "FR": ("Paris", "Lyon", "Nantes"),
    "IT": ("Bologna", "Torino", "Bari"),
    "PL": ("Kraków", "Gdańsk", "Łódź"),
}
OTHER_CITIES = ("Springfield", "Newtown", "Riverside")
CARDS = ("Visa ending in 4242", "Mastercard ending in 4444", "Visa ending in 1881", "SEPA Direct Debit")
CARRIERS = (("DHL", "Standard"), ("DPD", "Express"), ("GLS", "Parcel shop"))
