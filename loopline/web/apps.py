from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "loopline.web"
    label = "web"
