import email
from email.message import EmailMessage
from email.policy import default


def main():
    message = EmailMessage()
    message["From"], message["To"] = "Zoë <z@example.com>", "a@example.com, b@example.com"
    message["Subject"] = "Übersicht"
    message.set_content("Hello\n")
    message.add_attachment(b"1,2\n", maintype="text", subtype="csv", filename="data.csv")
    again = email.message_from_bytes(message.as_bytes(), policy=default)
    return again["subject"], [p.get_content_type() for p in again.walk()], again["to"].addresses[1].username, \
        next(again.iter_attachments()).get_filename()
