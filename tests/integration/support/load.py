"""Clients at work: each request carries a token of its own, and no answer may carry another's."""

import http.client
import itertools
import json
import threading
import time
from collections import Counter

SCRIPTS = (
    "def main(token):\n    print(token)\n    return token",
    "import time\ndef main(token):\n    time.sleep(0.05)\n    print(token)\n    return token",
    "import numpy\ndef main(token):\n    print(token)\n    return str(numpy.array([token])[0])",
)


class Load:
    """`clients` threads that post until stop(). What is seen goes into `outcomes`; what must never be, into `wrong`."""

    def __init__(self, daemon, clients=8):
        self.daemon = daemon
        self.outcomes = Counter()  # "ok", "closed", "error <status> <error>"
        self.wrong = []
        self.successes = []  # (started, ended) of those that went well
        self._stop = threading.Event()
        self._tokens = itertools.count()
        self._threads = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            if thread.is_alive():
                self.wrong.append("a request got neither an answer nor a closed connection within 30 s")

    def unexpected(self):
        """Errors other than those that a killed process may bring about."""
        excused = ("error 400 runtime_error", "error 500 internal_error", "error 503 ")
        return [name for name in self.outcomes if name.startswith("error") and not name.startswith(excused)]

    def _client(self, number):
        connection = None
        for script in itertools.cycle(SCRIPTS[number % 3 :] + SCRIPTS[: number % 3]):
            if self._stop.is_set():
                break
            token = f"token-{number}-{next(self._tokens)}"
            started = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(self.daemon.host, self.daemon.port, timeout=20)
                body = json.dumps({"script": script, "args": [token]})
                connection.request("POST", "/execute", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
            except TimeoutError:
                self.wrong.append(f"{token}: no answer for 20 s")
                connection = None
                continue
            except (OSError, http.client.HTTPException) as error:
                self.outcomes[f"closed ({type(error).__name__})"] += 1
                connection.close()
                connection = None
                time.sleep(0.01)
                continue
            self._judge(token, started, response.status, text)
        if connection is not None:
            connection.close()

    def _judge(self, token, started, status, text):
        try:
            answer = json.loads(text)
        except ValueError:
            self.wrong.append(f"{token}: not JSON: {text[:200]!r}")
            return
        others = {word for word in text.decode(errors="replace").replace('"', " ").replace("\\n", " ").split()}
        foreign = {word for word in others if word.startswith("token-") and word.strip(",.") != token}
        if foreign:
            self.wrong.append(f"{token}: carries {foreign}")
        elif status == 200:
            if answer.get("result") != token or not answer["stdout"].endswith(f"{token}\n{token}"):
                self.wrong.append(f"{token}: {answer}")
            self.outcomes["ok"] += 1
            self.successes.append((started, time.monotonic()))
        else:
            self.outcomes[f"error {status} {answer.get('error')}"] += 1

    def recovery(self, moment):
        """Seconds from `moment` to the end of the first good answer to a request that began after it, or None."""
        ended = [end for start, end in self.successes if start >= moment]
        return min(ended) - moment if ended else None
