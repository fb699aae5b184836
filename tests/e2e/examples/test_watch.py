"""The watch as a unit, by its README; it has to hold back what the unit says it does."""

from __future__ import annotations

from examples_support.host import HOME, ExampleHost

from lab import engine, workload


def test_readme(host: ExampleHost) -> None:
    client = engine.ensure()
    image = workload.ensure(client)
    workload.load(client, host.container, image)
    host.output(f"docker tag {image} busybox")
    try:
        host.readme("watch")
        assert host.run("systemctl status hullguard-watch")[0] == 4, "there is no such unit any more"
        assert host.output("docker ps -aq --filter name=builds --filter name=decent") == ""
    finally:
        host.run("systemctl disable --now hullguard-watch; docker rm -f builds decent; docker rmi busybox")


def test_the_unit_is_sound_and_confined(host: ExampleHost) -> None:
    unit = f"{HOME}/examples/watch/hullguard-watch.service"
    assert host.output(f"systemd-analyze verify --man=no {unit} 2>&1") == ""
    told = host.output(f"systemd-analyze security --offline=yes --no-pager {unit}")
    score = float(told.split("for hullguard-watch.service: ")[1].split()[0])
    assert score < 3, told
