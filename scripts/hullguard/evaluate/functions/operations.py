"""Controls of housekeeping: what lies around unused."""

from __future__ import annotations

from hullguard.effective import Unseen
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine
from hullguard.verdict import Object, Verdict, failed, not_applicable, passed


@of_engine("unused_images")
def unused_images(host: HostContext, engine: EngineContext) -> Verdict:
    """Images that no container uses are at most the allowed share of all."""
    images, containers = engine.images, engine.containers
    if not engine.complete("images") or not engine.complete("containers"):
        raise Unseen("not all images and containers were seen")
    used = {spec.get("image_id") for spec in containers}
    idle = [image for image in images if image["id"] not in used]
    limit = host.params["unused_images_max_percent"]
    return share("image", [str(image["name"]) for image in idle], len(images), limit, "no container uses it")


@of_engine("stopped_containers")
def stopped_containers(host: HostContext, engine: EngineContext) -> Verdict:
    """Containers that don't run are at most the allowed share of all."""
    containers = engine.containers
    if not engine.complete("containers") or any("running" not in spec for spec in containers):
        raise Unseen("not all containers were seen")
    idle = [str(spec["name"]) for spec in containers if not spec["running"]]
    return share(
        "container", idle, len(containers), host.params["stopped_containers_max_percent"], "not running"
    )


def share(kind: str, idle: list[str], total: int, limit: float, detail: str) -> Verdict:
    """Return the verdict for `idle` of `total` objects against a limit in percent."""
    if not total:
        return not_applicable(f"There are no {kind}s.")
    reason = f"{len(idle)} of {total} {kind}s are unused ({limit} % allowed)."
    if 100 * len(idle) > limit * total:
        return failed(reason, *(Object(kind, name, detail) for name in sorted(idle)))
    return passed(reason)
