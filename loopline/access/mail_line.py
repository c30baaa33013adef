"""The line to the mail server, which tells apart what was refused and what may be on its way.

SMTP hands a mail over by its final dot. When the line breaks behind it, before the server's answer, nobody knows
whether the mail was taken (RFC 5321, section 4.5.3.2.6, and RFC 1047): sent again, it may arrive twice.
"""

from smtplib import SMTP, SMTP_SSL, SMTPException, SMTPServerDisconnected

from django.core.mail.backends.smtp import EmailBackend


class OutcomeUnknownError(SMTPException):
    """The content of a mail was handed over, and the line broke before the server said whether it took it."""


class MailLine(EmailBackend):
    """Sends by SMTP. Raises OutcomeUnknownError beside what smtplib raises."""

    @property
    def connection_class(self) -> type[SMTP]:
        return _SecureLine if self.use_ssl else _Line


class _Line(SMTP):
    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]  # typeshed knows less
        try:
            return super().data(msg)
        except OSError as error:  # smtplib's own are of this kind, too
            if isinstance(error, SMTPException) and not isinstance(error, SMTPServerDisconnected):
                raise  # the server said no
            raise OutcomeUnknownError(str(error)) from error


class _SecureLine(_Line, SMTP_SSL):
    pass
