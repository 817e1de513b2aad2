from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.jobs import confirm
from orders.models import Order
from resqued.contrib.django import enqueue_on_commit


@csrf_exempt  # an example to be tried with curl
@require_POST
@transaction.atomic
def place(request: HttpRequest) -> JsonResponse:
    order = Order.objects.create(address=request.POST["address"])
    enqueue_on_commit(confirm, order.pk)  # not before a worker can see the order
    return JsonResponse({"order": order.pk}, status=201)


def show(_request: HttpRequest, number: int) -> JsonResponse:
    return JsonResponse({"state": get_object_or_404(Order, pk=number).state})
