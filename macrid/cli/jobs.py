"""Commands of jobs: doing one, and seeing to those of the app."""

import os
import signal
import sys
import time
from pathlib import Path

import click

from macrid.errors import InputError

from .options import as_json, print_json


@click.command("run-job", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
def run_job(folder: Path) -> None:
    """Do what the job in FOLDER asks for; whoever starts this holds its lock for it (see `macrid.jobs`)."""
    from macrid.jobs import Job
    from macrid.jobs.job import INTERRUPTED

    from .main import call, reported

    job, code = Job(folder), 1
    if job.request.lane == "long":
        os.nice(5)  # pages come first, and what somebody waits for
    signal.signal(signal.SIGINT, signal.default_int_handler)  # an app in the background hands down that it is ignored
    try:
        with reported(job.arguments):
            call(job.arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        code = INTERRUPTED
    finally:
        job.end(code)
    sys.exit(code)


@click.command()
@click.argument("ids", nargs=-1, metavar="[JOB]...")
@click.option("--stop", is_flag=True, help="Stop these jobs; they can go on later.")
@click.option("--resume", is_flag=True, help="Let these jobs go on, as soon as an app is running.")
@click.option("--discard", is_flag=True, help="Forget these jobs and what they have half done.")
@as_json
def jobs(ids: tuple[str, ...], stop: bool, resume: bool, discard: bool, as_json: bool) -> None:
    """List the jobs of the app that serves the bundles here, or stop, resume or discard some: for who runs the server."""
    from macrid.bundle import places
    from macrid.jobs import Queue

    if stop + resume + discard > 1:
        raise InputError("give one of --stop, --resume and --discard")
    if (stop or resume or discard) and not ids:
        raise InputError("say which jobs: their names stand first in the list that `macrid jobs` prints")
    queue = Queue(places.jobs_folder(), starts=False)
    chosen = queue.jobs()
    if ids:
        known = {job.id: job for job in chosen}
        for name in ids:
            if name not in known:
                raise InputError(f"there is no job {name}; there are {', '.join(known) or 'none'}")
        chosen = [known[name] for name in ids]
    for job in chosen if stop or resume or discard else ():
        (queue.stop if stop else queue.resume if resume else queue.discard)(job)
    described = [{"job": job.id, "state": job.state, "kind": job.request.kind, "title": job.request.title,
                  "since": time.strftime("%Y-%m-%d %H:%M", time.localtime(job.status.get("since", 0)))}
                 for job in chosen if job.folder.exists()]
    if as_json:
        print_json(described)
        return
    for row in described:
        click.echo(f"{row['job']}  {row['state']:<8}  {row['since']}  {row['kind']}: {row['title']}")


COMMANDS = (run_job, jobs)
