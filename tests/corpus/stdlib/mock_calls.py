from unittest import mock


class Mailer:
    def send(self, to, text):
        raise RuntimeError("no mail here")


def notify(mailer, people):
    return [mailer.send(p, "hi") for p in people]


def main():
    with mock.patch.object(Mailer, "send", side_effect=["ok", "late"]) as fake:
        answers = notify(Mailer(), ["a", "b"])
    return answers, fake.call_count, [c.args for c in fake.call_args_list]
