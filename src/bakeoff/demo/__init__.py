"""The demo: draw two digits and let the networks answer; watch the disk being learnt.

`bakeoff demo` opens it. The server (starlette and uvicorn) comes with the extra `demo`; for the
page of a run, which it serves too, the extra `live` is enough, without torch.
"""

from bakeoff.demo.server import address_of, check_extra, open_port, serve

__all__ = ["address_of", "check_extra", "open_port", "serve"]
