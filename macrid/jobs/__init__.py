"""Long work in processes of its own, which a page or a program asks for, watches and stops: a queue in a folder.

A job is a command line of macrid. Its folder holds request.json, status.json, `log` and `printed` (what it says on standard
error and standard output), ended.json once it has ended by itself, `progress/` for what it reports, and `lock`, which the
process holds as long as it lives. So whoever looks, after however many starts of the app, sees what is true.
"""

from .job import Job, Request
from .queue import Queue

__all__ = ["Job", "Queue", "Request"]
