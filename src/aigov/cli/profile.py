"""`aigov profile`: the organisation's own rules, from where they are kept."""

import click

from aigov.pinned import digest, fetch_pinned


@click.group()
def profile() -> None:
    """Bring the organisation profile, and policy packs, to where they are judged by.

    \b
    Examples:
      aigov-gate profile fetch --help   what a URL looks like
    """


@profile.command()
@click.argument("url")
def fetch(url: str) -> None:
    """Fetch a pinned profile or pack into the cache; no other command does.

    URL is git+https://HOST/REPOSITORY@COMMIT#PATH, or git+ssh or git+file.  COMMIT is the
    full id of a commit on a branch or tag, PATH a profile or the folder of a pack.  From
    then on --profile and --policies take the same URL, and read the cache alone.

    \b
    Example:
      aigov-gate profile fetch "git+https://git.northbank.internal/ai@$COMMIT#packs/ours"
    """
    files = fetch_pinned(url)
    single = "" in files
    many = "" if single else f" ({len(files)} files)"
    click.echo(f"{'profile' if single else 'pack'} {digest(files)}{many}")
    click.echo(f"{'--profile' if single else '--policies'} '{url}'")
