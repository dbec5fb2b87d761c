"""No module but those of `bakeoff.system` calls what is one system's own."""

import ast
from functools import cache
from pathlib import Path

import mypy

import bakeoff

SRC = Path(bakeoff.__file__).parent
STUBS = Path(mypy.__file__).parent / "typeshed" / "stdlib"
MODULES = {
    *("_signal", "_winapi", "ctypes", "fcntl", "grp", "mmap", "msvcrt", "nt", "posix", "pty"),
    *("pwd", "resource", "select", "signal", "syslog", "termios", "tty", "winreg"),
}
"""Modules of which hardly a thing is the same everywhere."""
NAMES = {
    "os": {"cpu_count", "devnull", "kill", "name", "umask", "uname"},
    "platform": {"machine", "node", "processor", "system", "uname"},
    "sys": {"platform"},
    "socket": {"SO_EXCLUSIVEADDRUSE", "SO_REUSEADDR"},
}
"""What exists everywhere, but means something else, or nothing."""
METHODS = {"chmod", "lchmod", "owner", "group", "is_mount"}
OPTIONS = {
    *("creationflags", "pass_fds", "preexec_fn", "process_group", "shell", "start_new_session"),
    *("startupinfo", "umask"),
}
PLACES = ("/bin/", "/dev/", "/etc/", "/proc", "/tmp", "/usr/", "C:", "forkserver", "nul:", "spawn")
ELSEWHERE = {
    "__main__.py": {"_signal"},  # before all else is loaded; SIGINT is the same everywhere
    "study/workers.py": {"forkserver"},  # named to be asked for
}


@cache
def of_some_systems(module):
    """The names of a module of the standard library that typeshed knows on some systems only."""
    stub = STUBS / f"{module}.pyi"
    stub = stub if stub.exists() else STUBS / module / "__init__.pyi"
    if not stub.exists():
        return set()
    everywhere, somewhere = names_in(ast.parse(stub.read_text(encoding="utf-8")).body)
    return somewhere - everywhere


def names_in(body):
    """The names that statements define in any case, and those that they define by system."""
    everywhere, somewhere = set(), set()
    for node in body:
        if isinstance(node, ast.If):
            inner, outer = names_in(node.body), names_in(node.orelse)
            if "platform" in ast.unparse(node.test):
                everywhere |= inner[0] & outer[0]
                somewhere |= inner[0] ^ outer[0]
            else:
                everywhere |= inner[0] | outer[0]
            somewhere |= inner[1] | outer[1]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            everywhere.add(node.name)
        elif isinstance(node, ast.Assign):
            everywhere |= {name.id for name in node.targets if isinstance(name, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            everywhere.add(node.target.id)
    return everywhere, somewhere


def found(source):
    """What a source calls that is one system's own."""
    tree = ast.parse(source)
    told = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from {alias.name.partition(".")[0] for alias in names} & MODULES
            case ast.ImportFrom(module=str(module), names=names):
                yield from {module.partition(".")[0]} & MODULES
                own = NAMES.get(module, set()) | of_some_systems(module)
                yield from own & {alias.name for alias in names}
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                if name in NAMES.get(module, ()) or name in of_some_systems(module):
                    yield f"{module}.{name}"
            case ast.Call(func=ast.Attribute(attr=name), keywords=keywords):
                yield from {name} & METHODS
                yield from {keyword.arg for keyword in keywords} & OPTIONS
            case ast.Constant(value=str(text)) if node not in told and text.startswith(PLACES):
                yield text


OWN = """os.sched_getaffinity(0); os.killpg(1, 2); sys.platform == "win32"; path.chmod(0o600)
from os import setsid
from fcntl import flock
def f():
    import resource
    open("/proc/self/stat"); time.pthread_getcpuclockid(1)
    subprocess.run(a, start_new_session=True)
"""
SAME = """'''/proc is Linux's.'''
os.replace(a, b); os._exit(1); sys.path; os.fsync(0); os.open(a, os.O_RDWR); time.sleep(1)
"""


def test_the_scan_sees_what_is_one_systems_own_and_no_more():
    assert set(found(SAME)) == set()
    assert set(found(OWN)) == {
        *("os.sched_getaffinity", "os.killpg", "sys.platform", "chmod", "setsid", "fcntl"),
        *(
            "flock",
            "resource",
            "/proc/self/stat",
            "time.pthread_getcpuclockid",
            "start_new_session",
        ),
    }


def test_no_other_module_calls_what_is_one_systems_own():
    calls = {}
    for path in SRC.rglob("*.py"):
        where = path.relative_to(SRC).as_posix()
        if not where.startswith("system/"):
            calls[where] = set(found(path.read_text(encoding="utf-8")))
    assert {where: what for where, what in calls.items() if what} == ELSEWHERE
