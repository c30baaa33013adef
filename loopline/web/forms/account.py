"""The forms of django-allauth in our words: labels as sentences, and no placeholder that says the same once more."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm, SetPasswordForm

from loopline.web.wording import sentence_case


class _OurWords:
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = "E-mail address" if name == "login" else sentence_case(str(field.label))
            field.widget.attrs.pop("placeholder", None)


class SignInForm(_OurWords, LoginForm):  # type: ignore[misc]
    pass


class NewPasswordForm(_OurWords, ChangePasswordForm):  # type: ignore[misc]
    pass


class FirstPasswordForm(_OurWords, SetPasswordForm):  # type: ignore[misc]
    pass


class StillYouForm(_OurWords, ReauthenticateForm):  # type: ignore[misc]
    pass
