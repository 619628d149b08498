from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from catalog.admin.tile_registry import tiles  # noqa: PLC0415  (models are ready only now)
        from catalog.admin.tiles import TILES  # noqa: PLC0415  (as above)

        tiles.add(*TILES)
