"""Controls of images that weigh several fields."""

from __future__ import annotations

from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine
from hullguard.spec import secret_names
from hullguard.verdict import Object, Verdict, failed, manual, not_applicable, passed, unknown


def incomplete(engine: EngineContext) -> Verdict | None:
    """Return the verdict for a list of images that is cut or empty, or None when it is whole."""
    images = engine.images
    if not engine.complete("images"):
        return unknown("Not all images were seen.")
    return None if images else not_applicable("There are no images.")


@of_engine("trusted_base_images")
def trusted_base_images(host: HostContext, engine: EngineContext) -> Verdict:
    """Every image came from a registry on the allow-list."""
    allowed = host.params["trusted_registries"]
    if early := incomplete(engine):
        return early
    if any("registries" not in image for image in engine.images):
        return unknown("Where some images came from was not seen.")
    if not allowed:
        sources = sorted({source for image in engine.images for source in image["registries"]}) or [
            "none: built or loaded here"
        ]
        return manual(
            "Set trusted_registries in the profile to have this decided. "
            f"Registries in use: {', '.join(sources)}."
        )
    bad = [Object("image", str(image["name"]), ", ".join(outside)) for image in engine.images
           if (outside := sorted(set(image["registries"]) - set(allowed)))]  # fmt: skip
    if bad:
        return failed("Images came from registries that trusted_registries does not name.", *bad)
    local = [Object("image", str(image["name"]), "built or loaded here: no registry vouches for it")
             for image in engine.images if not image["registries"]]  # fmt: skip
    if local:
        return manual("Attach where these images were built.", *local)
    return passed(f"All {len(engine.images)} images came from {', '.join(allowed)}.")


@of_engine("image_secrets")
def image_secrets(_host: HostContext, engine: EngineContext) -> Verdict:
    """No secret in an image's environment or history; layers are for a secret scanner."""
    bad, unread = [], []
    for image in engine.images:
        names = [*secret_names(image.get("environment", [])), *image.get("secret_history", [])]
        if names:
            bad.append(Object("image", str(image["name"]), ", ".join(sorted(set(names)))))
        elif "environment" not in image or "secret_history" not in image:
            unread.append(Object("image", str(image["name"]), "environment or history was not seen"))
    if bad:
        return failed("Environment or history of images carry secrets.", *bad)
    if early := incomplete(engine):
        return early
    if unread:
        return unknown("Some images could not be read.", *unread)
    return manual("Environment and history are clean. Attach a secret scan of the layers.")


@of_engine("verified_packages")
def verified_packages(_host: HostContext, engine: EngineContext) -> Verdict:
    """No build step switched the verification of what it installs off."""
    bad = [
        Object("image", str(image["name"]), line)
        for image in engine.images
        for line in image.get("unverified_installs", [])
    ]
    if bad:
        return failed("Build steps install without verification.", *bad)
    if early := incomplete(engine):
        return early
    if any("unverified_installs" not in image for image in engine.images):
        return unknown("The history of some images was not seen.")
    return manual(
        "No build step in the images' history switches verification off. "
        "Attach how packages are verified where they are built."
    )
