"""What our forms have in common."""

from django import forms
from django.core.exceptions import ValidationError


class PageForm(forms.Form):
    def take_errors(self, error: ValidationError) -> None:
        """Show what an action refused beside the field it is about, or above the form."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for field, messages in error.message_dict.items():
            for message in messages:
                self.add_error(field if field in self.fields else None, message)
