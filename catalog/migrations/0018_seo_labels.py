from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0017_store_name"),
    ]

    operations = [
        migrations.AlterField(
            model_name="category",
            name="seo_description",
            field=models.TextField(blank=True, verbose_name="SEO description"),
        ),
        migrations.AlterField(
            model_name="category",
            name="seo_title",
            field=models.CharField(blank=True, max_length=255, verbose_name="SEO title"),
        ),
        migrations.AlterField(
            model_name="collection",
            name="seo_description",
            field=models.TextField(blank=True, verbose_name="SEO description"),
        ),
        migrations.AlterField(
            model_name="collection",
            name="seo_title",
            field=models.CharField(blank=True, max_length=255, verbose_name="SEO title"),
        ),
        migrations.AlterField(
            model_name="product",
            name="seo_description",
            field=models.TextField(blank=True, verbose_name="SEO description"),
        ),
        migrations.AlterField(
            model_name="product",
            name="seo_title",
            field=models.CharField(blank=True, max_length=255, verbose_name="SEO title"),
        ),
    ]
