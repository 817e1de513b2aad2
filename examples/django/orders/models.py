from django.db import models


class Order(models.Model):
    address = models.CharField(max_length=200)
    state = models.CharField(max_length=20, default="placed")

    def __str__(self) -> str:
        return f"{self.pk} for {self.address}"
