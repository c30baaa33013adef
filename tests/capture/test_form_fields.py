import pytest

from loopline.campaigns.form_fields import FieldsRefusedError, FormField, fill, read_fields


def test_an_email_field_is_always_there_and_required() -> None:
    assert [one.key for one in read_fields([{"key": "name", "label": "Name"}])] == ["email", "name"]
    [email] = read_fields([{"key": "email", "label": "Work e-mail", "kind": "text", "is_required": False}])
    assert (email.label, email.kind, email.is_required) == ("Work e-mail", "email", True)


@pytest.mark.parametrize(
    "field",
    [
        {"key": "Name", "label": "x"},
        {"key": "", "label": "x"},
        {"key": "ll_token", "label": "x"},
        {"key": "website_address", "label": "x"},
        {"key": "name", "label": " "},
        {"key": "name", "label": "x", "kind": "file"},
        {"key": "size", "label": "x", "kind": "select", "choices": []},
        {"key": "size", "label": "x", "kind": "select", "choices": "abc"},
        {"key": "a b", "label": "x"},
        {"key": "name' OR 1=1", "label": "x"},
    ],
)
def test_fields_that_make_no_sense_are_refused(field: dict[str, object]) -> None:
    with pytest.raises(FieldsRefusedError):
        read_fields([field])


def test_two_fields_of_one_key_are_refused() -> None:
    with pytest.raises(FieldsRefusedError, match="same key"):
        read_fields([{"key": "name", "label": "a"}, {"key": "name", "label": "b"}])


FIELDS = [
    FormField("email", "E-mail", "email", True),
    FormField("name", "Name", "text", True),
    FormField("size", "Size", "select", False, ("small", "large")),
    FormField("message", "Message", "textarea"),
]


def test_good_values_come_back_clean_and_unknown_keys_are_left_out() -> None:
    typed = {"email": " Ines@Halden.no", "name": "Ines\x00\n Okafor", "size": "large", "message": "a\r\nb", "x": "y"}
    filled = fill(FIELDS, typed)
    assert filled.errors == {}
    assert filled.values == {"email": "ines@halden.no", "name": "Ines Okafor", "size": "large", "message": "a\nb"}


def test_each_wrong_value_has_its_own_words_and_stays_as_typed() -> None:
    filled = fill(FIELDS, {"email": "ines@", "name": "", "size": "huge", "message": "x" * 5001})
    assert filled.errors["email"].startswith("“ines@” is not an e-mail address")
    assert filled.errors["name"] == "Please fill in “Name”."
    assert filled.errors["size"] == "Please choose one from the list."
    assert filled.errors["message"] == "Please write at most 5000 characters."
    assert filled.values["email"] == "ines@"


@pytest.mark.parametrize("value", [None, 7, ["a"], {"a": 1}, True])
def test_values_that_are_no_text_do_no_harm(value: object) -> None:
    assert fill([FormField("name", "Name")], {"name": value}).errors == {}
