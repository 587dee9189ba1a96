"""The playground in a real Chromium, against the real service. What happens in the page is in scenarios_*.mjs; each leaves
screenshots in build/browser-screenshots/."""

import pytest
from integration.support.keys import KeyFile
from integration.support.raw import wait_until


@pytest.mark.parametrize("scenario", [
    "run", "stream", "plot", "error", "table", "examples", "long", "history", "share", "hostile", "keyboard", "phone", "dark",
    "axe_light", "axe_dark",
])
def test_scenario(browser, service, scenario):
    browser.play(scenario, service)


def test_upload(browser, service, tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("größe;2", encoding="utf-8")
    browser.play("upload", service, file=str(file))


def test_stop_ends_the_run(browser, service):
    """Not only in the page: the sandbox is free again long before the script's sleep is over."""
    def busy():
        return service.health().json()["pool"]["busy"]
    browser.play("stop", service)
    assert busy() == 1
    browser.play("stopped")
    assert wait_until(lambda: busy() == 0, 5) is not None


@pytest.mark.needs_process
def test_a_key_is_asked_for(browser, own_service, public_directory):
    keys = KeyFile(public_directory).add("alice max_timeout=5")
    own = own_service(api_keys_file=keys.path)
    browser.play("key", own.client, key=keys.keys["alice"])


@pytest.mark.needs_process
def test_the_service_goes_and_comes_back(browser, make_daemon, public_directory):
    own = make_daemon(public_directory, drain_timeout=0)
    own.start()
    browser.play("gone", own.client)
    own.stop()
    browser.play("is_gone")
    own.start()
    browser.play("is_back")
    own.stop()
