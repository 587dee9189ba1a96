"""What the service tells about itself before a script is written: GET /v1/packages and GET /v1/limits."""

import pytest

from .support.raw import RawConnection, wait_until


def get(service, path):
    response = service.request("GET", path)
    return response.status, response.json()


def packages_of(service):
    """They come from the data guest, which may still be getting warm."""
    assert wait_until(lambda: get(service, "/v1/packages")[0] == 200, 30) is not None
    return get(service, "/v1/packages")[1]


def test_packages_are_those_that_a_script_finds(service):
    answer = packages_of(service)
    listed = {package["name"].lower(): package for package in answer["packages"]}
    script = """
        import importlib, importlib.metadata, platform
        def main(modules):
            for module in modules:
                importlib.import_module(module)
            return [platform.python_version(), importlib.metadata.version("numpy"), importlib.metadata.version("pandas")]
        """
    modules = ["numpy", "pandas", "matplotlib"]
    python, numpy, pandas = service.result(script, args=[modules])
    assert (answer["python"], listed["numpy"]["version"], listed["pandas"]["version"]) == (python, numpy, pandas)
    for name in modules:
        assert listed[name]["preloaded"] and name in listed[name]["modules"]
    names = [package["name"].lower().replace("_", "-").replace(".", "-") for package in answer["packages"]]
    assert names == sorted(set(names)), "each once, in order"


def test_every_listed_module_is_there(service):
    answer = packages_of(service)
    script = """
        import importlib.util
        def main(modules):
            return [module for module in modules if importlib.util.find_spec(module) is None]
        """
    modules = [module for package in answer["packages"] for module in package["modules"]]
    assert len(modules) >= 5
    assert service.result(script, args=[modules]) == []


def test_limits_are_those_in_force(service):
    status, answer = get(service, "/v1/limits")
    assert status == 200 and answer["key"] == {}
    limits = {name: (limit["value"], limit["unit"]) for name, limit in answer["limits"].items()}
    assert limits["max_timeout"][1] == "seconds" and limits["max_memory_mb"][1] == "MiB"
    assert limits["max_output_bytes"][1] == "bytes" and limits["max_processes"][1] == "number"
    refused = service.execute("def main(): pass", timeout=limits["max_timeout"][0] + 1)[1]
    assert refused["error"] == "invalid_input"
    assert service.result("def main(): return 1", timeout=limits["max_timeout"][0], memory_mb=limits["max_memory_mb"][0]) == 1
    assert "uid_base" not in limits and "pool_lean" not in limits, "how it is built is no limit"


@pytest.mark.needs_own
def test_limits_are_the_operators(own_service):
    own = own_service(max_timeout=7, default_timeout=1.5, max_disk_mb=133)
    limits = get(own.client, "/v1/limits")[1]["limits"]
    assert [limits[name]["value"] for name in ("max_timeout", "default_timeout", "max_disk_mb")] == [7, 1.5, 133]

