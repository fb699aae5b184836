"""Controls of the daemon that weigh several facts."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from hullguard.effective import Unseen, configured, flags, info, option, security_options
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine
from hullguard.predicates import MISSING
from hullguard.verdict import Object, Verdict, failed, manual, not_applicable, passed

# Drivers that hand lines to another machine or service by themselves (docs.docker.com, "Supported logging drivers").
REMOTE_DRIVERS = ("syslog", "gelf", "fluentd", "awslogs", "splunk", "gcplogs", "logentries", "etwlogs")


@of_engine("rootless")
def rootless(_host: HostContext, engine: EngineContext) -> Verdict:
    """The daemon runs without root's rights."""
    if "rootless" in security_options(engine.raw):
        return passed("The engine runs rootless.")
    return failed("The daemon runs as root.", Object("daemon", engine.name, "not rootless"))


@of_engine("insecure_registries")
def insecure_registries(_host: HostContext, engine: EngineContext) -> Verdict:
    """No registry but the loopback's is reached without verified TLS, by the engine's own list."""
    registry = info(engine.raw, "RegistryConfig")
    ranges, indexes = registry["InsecureRegistryCIDRs"] or [], registry["IndexConfigs"]
    if not isinstance(indexes, Mapping):
        raise Unseen("the engine did not tell its registries")
    bad = [Object("daemon", str(name), "insecure registry") for name, index in sorted(indexes.items()) if index["Secure"] is not True]
    bad += [Object("daemon", str(cidr), "insecure range") for cidr in ranges if not ipaddress.ip_network(cidr, strict=False).is_loopback]
    return failed("Registries are reached without verified TLS.", *bad) if bad else passed("Only the loopback is exempt from TLS.")


@of_engine("remote_api_tls")
def remote_api_tls(host: HostContext, engine: EngineContext) -> Verdict:
    """Every TCP endpoint of the API demands client certificates."""
    hosts = configured(engine.raw, "hosts")[0]
    remote = [str(item) for item in (hosts if isinstance(hosts, list) else []) if str(item).startswith(("tcp://", "http://", "https://"))]
    if not remote:
        open_ports = {row["port"] for row in host.fact("listeners", list)} & {2375, 2376}
        if open_ports and not engine.raw.get("rootless"):
            # A socket unit can open the port and hand it over as fd://.
            raise Unseen(f"something listens on TCP port {min(open_ports)} that the daemon's options do not name")
        return not_applicable("The API listens on no TCP port.")
    verify = option(engine.raw, "tlsverify")[0]
    keys = {key: configured(engine.raw, key)[0] for key in ("tlscacert", "tlscert", "tlskey")}
    missing = [key for key, value in keys.items() if value is MISSING or not value]
    if verify is True and not missing:
        return passed(f"{', '.join(remote)}: client certificates are demanded.")
    wanted = ["tlsverify"] * (verify is not True) + missing
    return failed("The API is open to the network.", *(Object("daemon", item, f"without {', '.join(wanted)}") for item in remote))


@of_engine("userns_remap")
def userns_remap(_host: HostContext, engine: EngineContext) -> Verdict:
    """Container root is an ordinary user on the host."""
    options = security_options(engine.raw)
    if "userns" in options or "rootless" in options:
        return passed("User namespaces are remapped." if "userns" in options else "The engine runs rootless.")
    return failed("Container root is the host's root.", Object("daemon", "userns-remap", "off"))


@of_engine("authorization_plugin")
def authorization_plugin(_host: HostContext, engine: EngineContext) -> Verdict:
    """An authorization plugin judges every API request."""
    plugins = info(engine.raw, "Plugins")
    if "Authorization" not in plugins:
        raise Unseen("the engine did not tell its plugins")
    if plugins["Authorization"]:
        return passed(f"Authorization plugins: {', '.join(map(str, plugins['Authorization']))}.")
    return failed("Whoever reaches the API may do everything.", Object("daemon", "authorization-plugins", "none"))


@of_engine("remote_logging")
def remote_logging(_host: HostContext, engine: EngineContext) -> Verdict:
    """Container logs leave the host by themselves."""
    driver = info(engine.raw, "LoggingDriver")
    if not isinstance(driver, str):
        raise Unseen("the engine did not tell its logging driver")
    if driver in REMOTE_DRIVERS:
        if driver == "syslog":
            address = option(engine.raw, "log-opts")[0]
            target = address.get("syslog-address", "") if isinstance(address, Mapping) else ""
            if not target or str(target).startswith("unix"):
                return manual("Logs go to the local syslog. Attach its configuration that forwards them.")
        return passed(f"The default logging driver is {driver}.")
    if driver in ("journald", "local", "json-file"):
        # Whether an agent ships these files is not in the evidence; only what the driver itself does is.
        verdict = manual if driver == "journald" else failed
        return verdict(f"The default logging driver is {driver}: logs stay on the host unless something ships them.",
                       Object("daemon", "log-driver", driver))  # fmt: skip
    return failed(f"The default logging driver is {driver}.", Object("daemon", "log-driver", driver))


@of_engine("seccomp_profile_default")
def seccomp_profile_default(host: HostContext, engine: EngineContext) -> Verdict:
    """Containers get a seccomp profile by default: the engine's own or, when the profile asks for it, a custom one."""
    seccomp = security_options(engine.raw).get("seccomp")
    name = None if seccomp is None else seccomp.get("profile", "")
    if name in (None, "", "unconfined"):
        return failed("Containers run without seccomp by default.", Object("daemon", "seccomp-profile", name or "off"))
    builtin = name in ("default", "builtin")
    if builtin and host.params["custom_seccomp_required"]:
        return failed("The engine's built-in profile is in force; this audit asks for your own.", Object("daemon", "seccomp-profile", str(name)))
    if not builtin:
        flags(engine.raw)  # the profile is only known to be the running one when the command line was seen
    return passed(f"The default seccomp profile is {'the engine’s own' if builtin else name}.")
