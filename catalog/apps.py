from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog.admin.search import SOURCES  # noqa: PLC0415  (models are ready only now)
        from catalog.admin.tile_registry import tiles  # noqa: PLC0415  (models are ready only now)
        from catalog.admin.tiles import TILES  # noqa: PLC0415  (as above)
        from catalog.desk_search import search_sources  # noqa: PLC0415  (models are ready only now)

        search_sources.add(*SOURCES)
        tiles.add(*TILES)
