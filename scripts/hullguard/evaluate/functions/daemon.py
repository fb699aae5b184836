"""Controls of the daemon that weigh several facts."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from hullguard.effective import Unseen, configured, flags, info, member, option, security_options
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine
from hullguard.predicates import MISSING
from hullguard.verdict import Object, Verdict, failed, manual, not_applicable, passed

# Drivers that hand lines to another machine or service by themselves
# (docs.docker.com, "Supported logging drivers").
REMOTE_DRIVERS = ("syslog", "gelf", "fluentd", "awslogs", "splunk", "gcplogs", "logentries", "etwlogs")
# Where these deliver to; without the option it is this host.
ADDRESS_OPTIONS = {"syslog": "syslog-address", "gelf": "gelf-address", "fluentd": "fluentd-address"}
LOCAL_ADDRESS = re.compile(
    r"unix|$|(\w+(\+\w+)?://)?(\[?::1\]?|localhost|127\.[0-9.]+)?(:\d*)?$", re.IGNORECASE
)


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
    ranges, indexes = registry["InsecureRegistryCIDRs"], registry["IndexConfigs"]
    if not isinstance(ranges, list) or not isinstance(indexes, Mapping) or not indexes:
        raise Unseen("the engine did not tell its registries")
    bad = [
        Object("daemon", str(name), "insecure registry")
        for name, index in sorted(indexes.items())
        if index["Secure"] is not True
    ]
    wide = [cidr for cidr in ranges if not ipaddress.ip_network(cidr, strict=False).is_loopback]
    bad += [Object("daemon", str(cidr), "insecure range") for cidr in wide]
    if bad:
        return failed("Registries are reached without verified TLS.", *bad)
    return passed("Only the loopback is exempt from TLS.")


@of_engine("inter_container_traffic")
def inter_container_traffic(host: HostContext, engine: EngineContext) -> Verdict:
    """Containers on the default bridge are kept from each other: the option says so, and the packet filter
    makes it true.
    """
    value, source = option(engine.raw, "icc")
    if value is not False:
        shown = "unset (the engine's default is True)" if value is MISSING else repr(value)
        where = "" if value is MISSING else f", by {source}"
        return failed(f"icc is {shown}{where}.", Object("daemon", "icc", f"{shown}, wanted: False"))
    if engine.raw.get("rootless") is True:
        return passed(f"icc is False, by {source}; a rootless engine's own packet filter was not looked at.")
    networks = engine.listed("networks")
    if not engine.complete("networks") or not all(isinstance(member(n, "Name"), str) for n in networks):
        raise Unseen("not all networks were seen")
    bridge = next((n for n in networks if n["Name"] == "bridge"), None)
    if bridge is None:
        return passed(f"icc is False, by {source}, and there is no default bridge.")
    if not writes_iptables(engine):
        raise Unseen("the rules of the engine's packet filter, which is not iptables, were not looked at")
    rules = host.fact("packet_filter", dict)
    if rules.get("read") is not True or not isinstance(rules.get("isolated"), list):
        raise Unseen(f"packet filter: {rules.get('reason') or 'its rules were not seen'}")
    name = member(bridge, "Options", "com.docker.network.bridge.name")
    if not isinstance(name, str):
        raise Unseen("the interface of the default bridge was not seen")
    if name in rules["isolated"]:
        return passed(f"icc is False, by {source}, and the packet filter drops what goes between them.")
    return failed(
        f"icc is False, by {source}, and yet the packet filter lets containers on {name} reach each other:"
        " restart the engine.",
        Object("daemon", name, "what goes from it to itself is not dropped"),
    )


def writes_iptables(engine: EngineContext) -> bool:
    """Return whether the engine's packet filter is iptables. Raises Unseen.

    Engines name their backend from 28.1 on and have another one from 29.0 on
    (https://docs.docker.com/engine/network/firewall-nftables/).
    """
    backend = member(engine.raw, "info", "FirewallBackend", "Driver")
    if isinstance(backend, str):
        return backend.startswith("iptables")
    version = str(info(engine.raw, "ServerVersion"))
    found = re.match(r"(\d+)\.", version)
    if not found or int(found[1]) >= 29:
        raise Unseen("the engine did not tell its packet filter")
    return True


def endpoints(engine: EngineContext) -> list[str]:
    """Return the API's endpoints that are no local socket. Raises Unseen.

    An address without a scheme is TCP to the daemon, and behind `fd://` stands what the socket unit
    listens on.
    """
    hosts = configured(engine.raw, "hosts")[0]
    hosts = [] if hosts is MISSING else hosts
    if not isinstance(hosts, list) or not all(isinstance(item, str) for item in hosts):
        raise Unseen("the daemon's hosts are not a list of texts")
    if any(item.startswith("fd://") for item in hosts) and engine.raw.get("rootless") is not True:
        listen = member(engine.raw, "units", "docker.socket", "listen")
        if not isinstance(listen, list) or not all(isinstance(item, str) for item in listen):
            raise Unseen("what the socket unit listens on was not seen")
        hosts = [*hosts, *(item if item.startswith(("/", "@")) else f"fd://{item}" for item in listen)]
    local = ("unix://", "npipe://", "/", "@")
    return [item for item in hosts if item not in ("", "fd://") and not item.startswith(local)]


@of_engine("remote_api_tls")
def remote_api_tls(host: HostContext, engine: EngineContext) -> Verdict:
    """Every TCP endpoint of the API demands client certificates."""
    remote = endpoints(engine)
    if not remote:
        open_ports = {row["port"] for row in host.fact("listeners", list)} & {2375, 2376}
        if open_ports and not engine.raw.get("rootless"):
            # A socket unit can open the port and hand it over as fd://.
            raise Unseen(
                f"something listens on TCP port {min(open_ports)} that the daemon's options do not name"
            )
        return not_applicable("The API listens on no TCP port.")
    verify = option(engine.raw, "tlsverify")[0]
    keys = {key: configured(engine.raw, key)[0] for key in ("tlscacert", "tlscert", "tlskey")}
    missing = [key for key, value in keys.items() if value is MISSING or not value]
    if verify is True and not missing:
        return passed(f"{', '.join(remote)}: client certificates are demanded.")
    wanted = ["tlsverify"] * (verify is not True) + missing
    return failed(
        "The API is open to the network.",
        *(Object("daemon", item, f"without {', '.join(wanted)}") for item in remote),
    )


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
    return failed(
        "Whoever reaches the API may do everything.", Object("daemon", "authorization-plugins", "none")
    )


@of_engine("remote_logging")
def remote_logging(_host: HostContext, engine: EngineContext) -> Verdict:
    """Container logs leave the host by themselves."""
    driver = info(engine.raw, "LoggingDriver")
    if not isinstance(driver, str):
        raise Unseen("the engine did not tell its logging driver")
    named = Object("daemon", "log-driver", driver)
    if driver not in REMOTE_DRIVERS and driver != "journald":
        # Whether an agent ships these files is not in the evidence; only what the driver itself does is.
        return failed(
            f"The default logging driver is {driver}: logs stay on the host unless something ships them.",
            named,
        )
    own = [
        spec for spec in engine.containers if spec.get("log_driver") not in (*REMOTE_DRIVERS, driver, None)
    ]
    if own:
        objects = (Object("container", str(spec["name"]), f"log driver {spec['log_driver']}") for spec in own)
        return failed(f"The default logging driver is {driver}, but containers have their own.", *objects)
    if not engine.complete("containers") or any("log_driver" not in spec for spec in engine.containers):
        raise Unseen("the containers' own logging drivers were not all seen")
    if driver == "journald":
        return manual("Logs go to the journal. Attach its configuration that forwards them.", named)
    if driver in ADDRESS_OPTIONS:
        options = option(engine.raw, "log-opts")[0]
        address = options.get(ADDRESS_OPTIONS[driver]) if isinstance(options, Mapping) else None
        if not isinstance(address, str) or LOCAL_ADDRESS.match(address):
            return manual(
                f"Logs go to {driver} on this host. Attach its configuration that forwards them.", named
            )
    return passed(f"The default logging driver is {driver}.")


@of_engine("seccomp_profile_default")
def seccomp_profile_default(host: HostContext, engine: EngineContext) -> Verdict:
    """Containers get a seccomp profile by default: the engine's own or, when the audit asks for it,
    a custom one.
    """
    seccomp = security_options(engine.raw).get("seccomp")
    name = None if seccomp is None else seccomp.get("profile", "")
    if name in (None, "", "unconfined"):
        return failed(
            "Containers run without seccomp by default.", Object("daemon", "seccomp-profile", name or "off")
        )
    builtin = name in ("default", "builtin")
    if builtin and host.params["custom_seccomp_required"]:
        return failed(
            "The engine's built-in profile is in force; this audit asks for your own.",
            Object("daemon", "seccomp-profile", str(name)),
        )
    if not builtin:
        flags(engine.raw)  # the profile is only known to be the running one when the command line was seen
    return passed(f"The default seccomp profile is {'built in' if builtin else name}.")
