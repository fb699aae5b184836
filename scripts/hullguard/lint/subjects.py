"""What a file holds, as the evaluation of hosts takes it: each service, each image an engine of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.lint.dockerfile import Dockerfile
from hullguard.lint.project import Project
from hullguard.lint.tree import Place
from hullguard.spec import Spec, compose, dockerfile
from hullguard.spec.image import registry
from hullguard.verdict import Object

CONTAINER, IMAGE = "container", "image"
# What a compose file can say of an image that it only names.
NAMED_IMAGE: tuple[str, ...] = ("image_user", "trusted_base_images")
BUILT_IMAGE: tuple[str, ...] = ("image_user",)


@dataclass(frozen=True, slots=True)
class Subject:
    """A spec, where its fields stand (of a list: each item), and which controls are about it.

    `unset` names what would have to be written for a field; `left` are fields that no such file shows.
    """

    kind: str
    object: Object
    spec: Spec
    places: Mapping[str, Sequence[Place]]
    place: Place
    only: tuple[str, ...] = ()
    unset: Mapping[str, str] = field(default_factory=dict)
    left: frozenset[str] = frozenset()


def services(project: Project, params: Mapping[str, Any]) -> Iterator[Subject]:
    """Yield each service as a container, and as the image that it names."""
    model = {"services": project.services, **project.resources}
    for service in compose.containers(model, project.outside, params["allowed_capabilities"]):
        name, spec = service.name, service.spec
        places = {
            key: [project.place(name, member) for member in found] for key, found in service.members.items()
        }
        unset = {
            key: ".".join(map(str, found[0]))
            for key, found in service.members.items()
            if found and found[0][0] not in service.raw
        }
        here, thing, left = project.place(name), Object("container", name), frozenset(service.left)
        yield Subject(CONTAINER, thing, spec, places, here, (), unset, left)
        image: Spec = {key: spec[key] for key in ("user",) if key in spec}
        image["name"] = name
        built = "build" in service.raw
        if "image" in spec and not built:
            image["registries"] = [registry(spec["image"])]
            places["registries"] = places["image"]
        yield Subject(IMAGE, thing, image, places, here, BUILT_IMAGE if built else NAMED_IMAGE, unset, left)


def images(file: Dockerfile) -> Iterator[Subject]:
    """Yield the image that a Dockerfile builds."""
    spec, lines = dockerfile.image(file.path, file.instructions)
    places = {key: [Place(file.path, line) for line in found] for key, found in lines.items()}
    stages = {step.line for step in file.instructions if step.name == "FROM"}
    unset = {
        key: name
        for key, name in (("user", "USER"), ("healthcheck", "HEALTHCHECK"))
        if lines.get(key, [0])[0] in stages
    }
    left = frozenset(() if "user" in lines else ("user",))
    yield Subject(IMAGE, Object("file", file.path), spec, places, Place(file.path), (), unset, left)


class _Engine(EngineContext):
    """An engine that holds one thing."""

    def __init__(self, kind: str, spec: Spec, params: Mapping[str, Any]) -> None:
        # Published ports of a swarm are services' own: there is none here.
        super().__init__({"info": {"Swarm": {"LocalNodeState": "inactive"}}}, {}, params)
        self._kind, self._spec = kind, spec

    def complete(self, kind: str) -> bool:
        """Everything is here."""
        return True

    @cached_property
    def containers(self) -> list[Spec]:
        """The service."""
        return [self._spec] if self._kind == CONTAINER else []

    @cached_property
    def images(self) -> list[Spec]:
        """The image."""
        return [self._spec] if self._kind == IMAGE else []


class Host(HostContext):
    """A host with that engine."""

    def __init__(self, kind: str, spec: Spec, params: Mapping[str, Any]) -> None:
        super().__init__({}, params)
        self._engine = _Engine(kind, spec, params)

    @cached_property
    def engines(self) -> list[EngineContext]:
        """The one engine."""
        return [self._engine]
