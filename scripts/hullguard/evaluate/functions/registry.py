"""The register of control functions, and what turns a judgement of one engine into one of the host."""

from __future__ import annotations

from collections.abc import Callable

from hullguard.catalogue import Control
from hullguard.effective import Unseen
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.predicates import Unjudgeable
from hullguard.verdict import Object, Verdict, unknown, worst

HostFunction = Callable[[Control, HostContext], Verdict]
EngineFunction = Callable[[HostContext, EngineContext], Verdict]
FUNCTIONS: dict[str, HostFunction] = {}


def safely(judge: Callable[[], Verdict]) -> Verdict:
    """Return a verdict; evidence may be damaged or hostile, and what can't be read as expected
    gives `unknown`.
    """
    try:
        return judge()
    except Unseen as unseen:
        return unknown(sentence(str(unseen)))
    except Unjudgeable as strange:
        return unknown(sentence(f"the evidence has an unexpected value: {strange}"))
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        return unknown(sentence(f"the evidence has an unexpected form: {type(error).__name__}: {error}"))


def sentence(text: str) -> str:
    """Return a text of bounded length with a capital letter and a full stop."""
    text = text if len(text) <= 300 else text[:300] + " …"
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "…")) else ".")


def of_host(slug: str) -> Callable[[Callable[[HostContext], Verdict]], Callable[[HostContext], Verdict]]:
    """Register a function of a whole host under a slug."""

    def register(function: Callable[[HostContext], Verdict]) -> Callable[[HostContext], Verdict]:
        FUNCTIONS[slug] = lambda _control, host: function(host)
        return function

    return register


def of_engine(slug: str) -> Callable[[EngineFunction], EngineFunction]:
    """Register a function of one engine under a slug; the worst of a host's engines counts."""

    def register(function: EngineFunction) -> EngineFunction:
        def whole(_control: Control, host: HostContext) -> Verdict:
            return worst(each(function, host, engine) for engine in host.engines)

        FUNCTIONS[slug] = whole
        return function

    return register


def each(function: EngineFunction, host: HostContext, engine: EngineContext) -> Verdict:
    """Return the function's verdict on one engine; with several engines, reason and objects name it."""
    verdict = safely(lambda: function(host, engine))
    if len(host.engines) < 2:
        return verdict
    objects = tuple(
        Object(o.kind, o.name, f"{o.detail} (engine {engine.name})".strip()) for o in verdict.objects
    )
    return Verdict(verdict.verdict, f"{engine.name}: {verdict.reason}", objects)
