from django.apps import AppConfig


class HuddlesConfig(AppConfig):
    name = "loopline.huddles"
    label = "huddles"
    default_auto_field = "django.db.models.BigAutoField"
