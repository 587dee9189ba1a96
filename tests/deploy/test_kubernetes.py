"""The manifests of deploy/kubernetes, as kubectl renders them: the security standard they claim, settings that exist, and
figures that fit together. scripts/check-kubernetes, in CI, holds them against the published schemas."""

import copy
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
KUBERNETES = ROOT / "deploy" / "kubernetes"
PYEXECD = os.environ.get("PYEXEC_BIN", str(ROOT / "build" / "bin" / "pyexecd"))
DIRECTORIES = ["base", *sorted(f"overlays/{path.name}" for path in (KUBERNETES / "overlays").iterdir())]
# Whose pods keep to which of the Pod Security Standards. Cloud Run runs no pods and has no such thing.
STANDARDS = {"base": "restricted", "overlays/knative": "restricted", "overlays/user-namespaces": "baseline", "overlays/gvisor": "baseline"}
MIB = 1 << 20

# What the Pod Security Standards say
BASELINE_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
BASELINE_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
}  # fmt: skip
RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def rendered(directory):
    done = subprocess.run(["kubectl", "kustomize", KUBERNETES / directory], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


@pytest.fixture(scope="module", params=DIRECTORIES)
def directory(request):
    return request.param


@pytest.fixture(scope="module")
def documents(directory):
    return rendered(directory)


@pytest.fixture(scope="module")
def base():
    return {document["kind"]: document for document in rendered("base")}


def pod_of(documents):
    (one,) = [document for document in documents if document["kind"] == "Deployment" or "knative" in document["apiVersion"]]
    return one["spec"]["template"]["spec"]


def baseline_violations(pod):
    context = pod.get("securityContext", {})
    containers = [*pod["containers"], *pod.get("initContainers", []), *pod.get("ephemeralContainers", [])]
    contexts = [context, *(one.get("securityContext", {}) for one in containers)]
    yield from (f"host namespace {name}" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name))
    yield from ("hostPath" for volume in pod.get("volumes", []) if "hostPath" in volume)
    yield from (f"sysctl {one['name']}" for one in context.get("sysctls", []) if one["name"] not in BASELINE_SYSCTLS)
    for one in contexts:
        if one.get("windowsOptions", {}).get("hostProcess"):
            yield "hostProcess"
        if one.get("seccompProfile", {}).get("type") == "Unconfined":
            yield "seccomp off"
        if one.get("appArmorProfile", {}).get("type") == "Unconfined":
            yield "AppArmor off"
        linux = one.get("seLinuxOptions", {})
        if linux.get("type", "") not in ("", "container_t", "container_init_t", "container_kvm_t") or linux.get("user") or linux.get("role"):
            yield "SELinux"
        if one.get("procMount", "Default") != "Default":
            yield "procMount"
    for one in containers:
        own = one.get("securityContext", {})
        if own.get("privileged"):
            yield "privileged"
        added = set(own.get("capabilities", {}).get("add", []))
        yield from (f"capability {name}" for name in added - BASELINE_CAPABILITIES)
        yield from ("hostPort" for port in one.get("ports", []) if port.get("hostPort", 0))


def restricted_violations(pod):
    yield from baseline_violations(pod)
    context = pod.get("securityContext", {})
    containers = [*pod["containers"], *pod.get("initContainers", []), *pod.get("ephemeralContainers", [])]
    for volume in pod.get("volumes", []):
        yield from (f"volume {kind}" for kind in volume.keys() - {"name"} - RESTRICTED_VOLUMES)
    if context.get("runAsUser") == 0:
        yield "root"
    for one in containers:
        own = one.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            yield "may gain rights"
        if own.get("runAsNonRoot", context.get("runAsNonRoot")) is not True:
            yield "may be root"
        if own.get("runAsUser") == 0:
            yield "root"
        if own.get("seccompProfile", context.get("seccompProfile", {})).get("type") not in ("RuntimeDefault", "Localhost"):
            yield "no seccomp"
        capabilities = own.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", []):
            yield "keeps capabilities"
        yield from (f"adds {name}" for name in capabilities.get("add", []) if name != "NET_BIND_SERVICE")


class TestPodSecurity:
    @pytest.mark.parametrize("directory", STANDARDS)
    def test_the_standard_that_the_namespace_enforces(self, directory):
        documents = rendered(directory)
        (namespace,) = [document for document in documents if document["kind"] == "Namespace"]
        labels = namespace["metadata"]["labels"]
        for mode in ("enforce", "warn", "audit"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == STANDARDS[directory]
        check = restricted_violations if STANDARDS[directory] == "restricted" else baseline_violations
        assert list(check(pod_of(documents))) == []

    # Each rule of the standard, broken.
    BROKEN = {
        "hostNetwork": lambda pod, one: pod.update(hostNetwork=True),
        "hostPID": lambda pod, one: pod.update(hostPID=True),
        "hostIPC": lambda pod, one: pod.update(hostIPC=True),
        "hostPath": lambda pod, one: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
        "nfs": lambda pod, one: pod["volumes"].append({"name": "far", "nfs": {"server": "a", "path": "/"}}),
        "sysctl": lambda pod, one: pod["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
        "privileged": lambda pod, one: one["securityContext"].update(privileged=True),
        "escalation": lambda pod, one: one["securityContext"].pop("allowPrivilegeEscalation"),
        "root": lambda pod, one: one["securityContext"].update(runAsUser=0),
        "root of the pod": lambda pod, one: pod["securityContext"].update(runAsUser=0),
        "not said to be no root": lambda pod, one: (pod["securityContext"].pop("runAsNonRoot", 0), one["securityContext"].pop("runAsNonRoot", 0)),
        "a container that may be root": lambda pod, one: one["securityContext"].update(runAsNonRoot=False),
        "no seccomp": lambda pod, one: (pod["securityContext"].pop("seccompProfile", 0), one["securityContext"].pop("seccompProfile", 0)),
        "seccomp off": lambda pod, one: one["securityContext"].update(seccompProfile={"type": "Unconfined"}),
        "AppArmor off": lambda pod, one: one["securityContext"].update(appArmorProfile={"type": "Unconfined"}),
        "SELinux": lambda pod, one: one["securityContext"].update(seLinuxOptions={"type": "spc_t"}),
        "proc": lambda pod, one: one["securityContext"].update(procMount="Unmasked"),
        "capabilities kept": lambda pod, one: one["securityContext"]["capabilities"].pop("drop"),
        "capability": lambda pod, one: one["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]),
        "hostPort": lambda pod, one: one["ports"][0].update(hostPort=8080),
        "hostProcess": lambda pod, one: one["securityContext"].update(windowsOptions={"hostProcess": True}),
        "another container": lambda pod, one: pod["containers"].append({"name": "bare", "image": "bare"}),
        "one before it": lambda pod, one: pod.update(initContainers=[{"name": "bare", "image": "bare"}]),
    }

    @pytest.mark.parametrize("rule", BROKEN)
    def test_each_rule_is_looked_at(self, base, rule):
        pod = copy.deepcopy(base["Deployment"]["spec"]["template"]["spec"])
        assert list(restricted_violations(pod)) == []
        self.BROKEN[rule](pod, pod["containers"][0])
        assert list(restricted_violations(pod)) != []

    def test_nothing_of_the_image_can_be_written(self):
        for directory in STANDARDS:
            (one,) = pod_of(rendered(directory))["containers"]
            assert one["securityContext"]["readOnlyRootFilesystem"] is True or directory in ROOTED
            assert one["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]

    @pytest.mark.parametrize("directory", ["overlays/user-namespaces", "overlays/gvisor"])
    def test_root_there_is_root_of_nothing_else(self, directory):
        """Root in a container only where another wall stands around it; with what a user for each sandbox needs, and no more."""
        pod = pod_of(rendered(directory))
        assert pod.get("hostUsers") is False or pod.get("runtimeClassName") == "gvisor"
        added = pod["containers"][0]["securityContext"]["capabilities"]
        assert added == {"drop": ["ALL"], "add": ["CHOWN", "KILL", "SETGID", "SETUID", "SYS_CHROOT"]}


# Their private directories lie in the prepared tree of the image.
ROOTED = ("overlays/user-namespaces", "overlays/gvisor")


def environment_of(documents):
    """What the container's environment says of the service: {name: value}."""
    (one,) = pod_of(documents)["containers"]
    maps = {document["metadata"]["name"]: document["data"] for document in documents if document["kind"] == "ConfigMap"}
    found = {}
    for source in one.get("envFrom", []):
        found.update(maps[source["configMapRef"]["name"]])
    found.update({entry["name"]: entry["value"] for entry in one.get("env", [])})
    return found


def accepts(environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYEXEC_")}
    done = subprocess.run(
        [PYEXECD, "check-config", "--config="], capture_output=True, text=True, env={**clean, **environment}, check=False, timeout=60
    )
    return done.returncode == 0, done.stdout + done.stderr


class TestSettings:
    def test_the_service_takes_them(self, documents):
        environment = environment_of(documents)
        assert len(environment) >= 8 and all(name.startswith("PYEXEC_") for name in environment), environment
        good, said = accepts(environment)
        assert good, said

    @pytest.mark.parametrize(
        "change", [{"PYEXEC_MAX_RUNING": "8"}, {"PYEXEC_MAX_RUNNING": "0"}, {"PYEXEC_MAX_TIMEOUT": "5"}, {"PYEXEC_MAX_MEMORY_MB": "1Gi"}]
    )
    def test_what_is_wrong_would_be_noticed(self, base, change):
        good, said = accepts({**environment_of(list(base.values())), **change})
        assert not good, said

    def test_memory_is_enough_for_the_pool(self, directory, documents):
        """What may run at one time, with its private directories where they are memory, and what the service needs."""
        environment = {name.removeprefix("PYEXEC_").lower(): value for name, value in environment_of(documents).items()}
        pod = pod_of(documents)
        resources = pod["containers"][0]["resources"]
        (size, unit) = re.fullmatch(r"(\d+)(Gi|Mi)", resources["limits"]["memory"]).groups()
        limit = int(size) * (1024 if unit == "Gi" else 1)
        running, memory = int(environment["max_running"]), int(environment["default_memory_mb"])
        disk = running * int(environment["max_disk_mb"])
        own = 512 + 2 * int(environment["pool_lean"]) + 8 * int(environment["pool_data"])
        assert running * memory + disk + own <= limit
        assert environment["memory_overcommit_percent"] == "100"
        assert int(environment["max_memory_mb"]) <= limit / 4, "one run must not take the place of all"
        if "requests" in resources:
            assert resources["requests"]["memory"] == resources["limits"]["memory"]
            assert resources["requests"]["cpu"] == resources["limits"]["cpu"]
        for volume in pod.get("volumes", []):
            assert volume["emptyDir"]["medium"] == "Memory" and int(volume["emptyDir"]["sizeLimit"].removesuffix("Mi")) >= disk

    def test_time_is_enough(self, base):
        environment = environment_of(list(base.values()))
        pod = pod_of(list(base.values()))
        before = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        drain = int(environment["PYEXEC_DRAIN_TIMEOUT"])
        assert drain >= int(environment["PYEXEC_MAX_TIMEOUT"]), "the longest run is finished"
        assert pod["terminationGracePeriodSeconds"] >= before + drain + 5
        for overlay in ("overlays/knative", "overlays/cloud-run"):
            (service,) = [document for document in rendered(overlay) if document["kind"] == "Service"]
            spec = service["spec"]["template"]["spec"]
            assert spec["timeoutSeconds"] >= 60 + 10 and str(spec["containerConcurrency"]) == environment["PYEXEC_MAX_RUNNING"]


class TestTogether:
    def test_the_image_has_a_registry_and_a_version(self, documents):
        (one,) = pod_of(documents)["containers"]
        version = re.search(r"version: '([\d.]+)'", (ROOT / "meson.build").read_text(encoding="utf-8"))[1]
        assert re.fullmatch(rf"[\w.-]+\.[\w/.-]+/python-code-runner:{re.escape(version)}", one["image"]), one["image"]

    def test_everything_is_in_its_namespace(self, directory, documents):
        for document in documents:
            if document["kind"] != "Namespace" and directory != "overlays/cloud-run":
                assert document["metadata"]["namespace"] == "pyexecd", document

    def test_probes_ask_what_there_is(self, directory, documents):
        paths = json.loads((ROOT / "src" / "front" / "openapi.json").read_text(encoding="utf-8"))["paths"]
        (one,) = pod_of(documents)["containers"]
        probes = {name: one[name]["httpGet"]["path"] for name in one if name.endswith("Probe")}
        assert probes["livenessProbe"] == "/health/live", "a full queue is no reason to end a pod"
        assert all(path in paths for path in probes.values())
        others = {path for name, path in probes.items() if name != "livenessProbe"}
        assert others == (set() if directory == "overlays/cloud-run" else {"/health/ready"})
        assert "startupProbe" in probes or directory in ("overlays/knative", "overlays/cloud-run")

    def test_selectors_mean_the_pods(self, base):
        labels = base["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
        selectors = [
            base["Deployment"]["spec"]["selector"]["matchLabels"],
            base["Service"]["spec"]["selector"],
            base["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
            base["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
            *(one["labelSelector"]["matchLabels"] for one in base["Deployment"]["spec"]["template"]["spec"]["topologySpreadConstraints"]),
        ]
        assert all(selector and selector.items() <= labels for selector in selectors)
        ports = {port["name"]: port["containerPort"] for port in pod_of(list(base.values()))["containers"][0]["ports"]}
        assert base["Service"]["spec"]["ports"][0]["targetPort"] in ports

    def test_the_autoscaler_knows_its_target_and_its_metrics(self, base):
        spec = base["HorizontalPodAutoscaler"]["spec"]
        target = base["Deployment"]
        assert spec["scaleTargetRef"] == {"apiVersion": target["apiVersion"], "kind": target["kind"], "name": target["metadata"]["name"]}
        assert "replicas" not in target["spec"], "each deployment would undo what the autoscaler did"
        assert spec["minReplicas"] >= 2 > base["PodDisruptionBudget"]["spec"]["maxUnavailable"]
        assert [metric["type"] for metric in spec["metrics"]] == ["Resource", "Pods"]
        (rule,) = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text(encoding="utf-8"))["rules"]["custom"]
        assert rule["name"]["as"] == spec["metrics"][1]["pods"]["metric"]["name"]
        documented = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        for series in set(re.findall(r"pyexecd_\w+", rule["seriesQuery"] + rule["metricsQuery"])):
            assert f"`{re.sub('_(sum|count)$', '', series)}`" in documented, series

    def test_the_autoscaler_s_metric_is_the_mean_wait(self, tmp_path):
        """As Prometheus evaluates it: two pods, of which one made 100 requests wait 0.5 s each, and one that had none."""
        (rule,) = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text(encoding="utf-8"))["rules"]["custom"]
        expression = rule["metricsQuery"].replace("<<.LabelMatchers>>", 'namespace="pyexecd"').replace("<<.GroupBy>>", "pod")
        series = {"busy": ("0+50x5", "0+100x5"), "idle": ("0x5", "0x5")}
        test = {
            "evaluation_interval": "30s",
            "tests": [
                {
                    "interval": "30s",
                    "input_series": [
                        {"series": f'pyexecd_queue_duration_seconds_{kind}{{namespace="pyexecd",pod="{pod}"}}', "values": values[at]}
                        for pod, values in series.items()
                        for at, kind in enumerate(("sum", "count"))
                    ],
                    "promql_expr_test": [
                        {
                            "expr": expression,
                            "eval_time": "2m",
                            "exp_samples": [{"labels": '{pod="busy"}', "value": 0.5}, {"labels": '{pod="idle"}', "value": 0}],
                        }
                    ],
                }
            ],
        }
        (tmp_path / "test.yml").write_text(yaml.safe_dump(test), encoding="utf-8")
        done = subprocess.run(["promtool", "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_nothing_goes_out(self, base):
        spec = base["NetworkPolicy"]["spec"]
        assert set(spec["policyTypes"]) == {"Ingress", "Egress"} and not spec.get("egress")
        assert [rule["ports"] for rule in spec["ingress"]] == [[{"protocol": "TCP", "port": 8080}]]
        assert all(one for rule in spec["ingress"] for one in rule["from"]), "an empty selector is everybody"
