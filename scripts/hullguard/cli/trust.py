"""`hullguard trust`."""

from __future__ import annotations

from pathlib import Path

import click

from hullguard.cli import options

# As hullguard.trust.policy.DEFAULT; --help is not to import that.
POLICY = options.together(
    click.option("--policy", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 default="/etc/hullguard/trust.yml", show_default=True,
                 help="Who has to sign what: a file as role docker_trust writes it."),
    click.option("--timeout", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True,
                 help="Seconds that one call of cosign or notation may take."),
)  # fmt: skip


@click.group(name="trust")
def command() -> None:
    """Verify signatures of images by a policy.

    \b
    Example:
      hullguard trust verify registry.example.net/team/app:1.4
    """


@command.command(name="verify")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@POLICY
@click.option("--strict", is_flag=True, help="Refuse images that no rule of the policy speaks of.")
@options.FORMAT
def verify(
    images: tuple[str, ...], policy: Path, timeout: float, strict: bool, format_: str, output: Path | None
) -> int:
    """Say of each IMAGE whether the trust policy accepts it, and by whose signature.

    \b
    Examples:
      hullguard trust verify registry.example.net/team/app:1.4
      hullguard trust verify app:1.4 db:17 --policy trust.yml --strict --format junit -o trust.xml

    A tag is looked up once, and the digest that it stands for is what is verified and told. Whoever pulls by
    tag afterwards may get another image: pull by that digest, or let `hullguard run-verified` do it.

    An image that no rule speaks of needs no signature, and passes: use --strict in pipelines.

    Exit codes: 0 every image is accepted or needs no signature, 12 one is refused, 1 one could not be looked
    at (no registry, no verifier, out of time), 2 wrong usage or a policy that is none.
    """
    from hullguard.cli.output import emit, progress
    from hullguard.reports import Options, write_report
    from hullguard.trust import policy as policies
    from hullguard.trust.decide import decide
    from hullguard.trust.reference import parse
    from hullguard.trust.report import exit_code, make

    chosen = policies.load(policy)
    references = [parse(name) for name in dict.fromkeys(images)]
    decisions = []
    for number, reference in enumerate(references, 1):
        decisions.append(decide(reference, chosen, timeout, strict=strict))
        progress(f"[{number}/{len(references)}] {reference.written}: {decisions[-1].status}")
    document = make(decisions, options.now(), options.today())
    emit(lambda stream: write_report(format_, document, stream, Options()), output)
    return exit_code(decisions)
