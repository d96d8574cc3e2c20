"""What instances leave in the sandbox's writable folders goes when no instance serves any more.

The folders belong to the sandbox and outlive each instance: one that filled them would leave the
next without room. So when instances have ended, and no other serves, the zygote removes what was
not there when it had loaded.

That an instance serves is a lock: from `attach` to its end it shares one on a file of the zygote's,
and the kernel lets go of it however the process ends. The zygote removes only while it has the lock
for itself, so that it overlooks no instance, and none begins in the middle of a removal.
"""

from __future__ import annotations

import fcntl
import os
from itertools import count
from time import perf_counter_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    Kept: TypeAlias = "dict[str, Kept | None]"
    """Names of a folder that stay; those in a folder below, or None for all that is in it."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
KEPT_MAX = 4096
"""A writable folder in which loading makes more entries is left as it is."""
DEPTH_MAX = 16
"""What loading makes further down is left as it is, with all that comes to it."""
SLICE_NANOS = 50_000_000
"""How long a removal may keep an instance, or the host's next frame, waiting."""
SLICES_MAX = 100
"""What takes longer is left until instances end again."""


class NoMoreRoomError(Exception):
    """Loading has made too much to be remembered."""


class NoMoreTimeError(Exception):
    """The rest is for another slice."""


class Scratch:
    """The writable folders and the lock. Made by the zygote after loading, shared by instances."""

    __slots__ = ("kept", "lock", "slices")

    def __init__(self, places: Iterable[str]) -> None:
        self.slices = 0
        """How many more may follow; 0 when nothing is to be removed."""
        self.kept: dict[str, Kept] = {}
        for place in places:
            try:
                self.kept[place] = remembered(place)
            except (OSError, NoMoreRoomError):
                continue
        self.lock = os.memfd_create("instances") if self.kept else -1

    def enter(self) -> None:
        """Called in an instance before any of the handler's code: it serves until it ends.

        Waits for a removal, which takes one slice at most.
        """
        if self.lock < 0:
            return
        try:
            fcntl.lockf(self.lock, fcntl.LOCK_SH)
        except OSError:  # A thread of the handler's has closed it: it is the zygote's loss too.
            pass

    def begin(self) -> None:
        """Instances have ended: removes what was not there after loading, unless one serves."""
        if self.lock >= 0:
            self.slices = SLICES_MAX
            self.go_on()

    def go_on(self) -> None:
        """Removes for one slice; `slices` is 0 afterwards unless there is more to do."""
        left, self.slices = self.slices - 1, 0
        try:
            fcntl.lockf(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        removal = Removal(perf_counter_ns() + SLICE_NANOS)
        try:
            for place, kept in self.kept.items():
                removal.run(place, kept)
        except NoMoreTimeError:
            self.slices = left
        finally:
            fcntl.lockf(self.lock, fcntl.LOCK_UN)


def remembered(place: str) -> Kept:
    """What is in a folder now; raises OSError or NoMoreRoomError."""
    folder = os.open(place, FOLDER)
    try:
        return _remembered(folder, count(), DEPTH_MAX)
    finally:
        os.close(folder)


def _remembered(folder: int, counted: count[int], depth: int) -> Kept:
    kept: Kept = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if next(counted) == KEPT_MAX:
                raise NoMoreRoomError
            kept[entry.name] = None
            if not depth or not entry.is_dir(follow_symlinks=False):
                continue
            try:
                below = os.open(entry.name, FOLDER, dir_fd=folder)
            except OSError:
                continue
            try:
                kept[entry.name] = _remembered(below, counted, depth - 1)
            finally:
                os.close(below)
    return kept


class Removal:
    """One slice of removing. What can't be removed is passed over."""

    __slots__ = ("found", "names", "top", "until")

    def __init__(self, until: int) -> None:
        self.until = until
        self.top = -1
        self.found = False
        """Whether this pass has removed something, so that there may be more."""
        self.names = count(perf_counter_ns())

    def run(self, place: str, kept: Kept) -> None:
        """Removes what is in `place` and not in `kept`; raises NoMoreTimeError."""
        try:
            self.top = os.open(place, FOLDER)
        except OSError:
            return
        try:
            self.found = True
            while self.found:
                self.found = False
                self.clear(self.top, kept)
        finally:
            os.close(self.top)

    def clear(self, folder: int, kept: Kept) -> None:
        """Removes what is in the open folder and not in `kept`, following no links."""
        with os.scandir(folder) as entries:
            for entry in entries:
                self.check()
                try:
                    if entry.name not in kept:
                        self.remove(entry.name, folder)
                    elif (inner := kept[entry.name]) is not None:
                        self.open_and_clear(entry.name, folder, inner)
                except OSError:
                    continue

    def open_and_clear(self, name: str, folder: int, kept: Kept) -> None:
        """`clear` for a folder within an open one; raises OSError if it is no folder any more."""
        below = os.open(name, FOLDER, dir_fd=folder)
        try:
            self.clear(below, kept)
        finally:
            os.close(below)

    def remove(self, name: str, folder: int) -> None:
        """Removes an entry of an open folder, and in a folder all that is no folder itself.

        Folders in it are lifted to the top, to be found there by another pass: so it needs neither
        many descriptors nor long paths, however deep they are nested.
        """
        try:
            os.unlink(name, dir_fd=folder)
        except IsADirectoryError:
            os.chmod(name, 0o700, dir_fd=folder)
            below = os.open(name, FOLDER, dir_fd=folder)
            try:
                self.remove_all(below)
            finally:
                os.close(below)
            os.rmdir(name, dir_fd=folder)
        self.found = True

    def remove_all(self, folder: int) -> None:
        """Removes what is in an open folder, or lifts it."""
        with os.scandir(folder) as entries:
            for entry in entries:
                self.check()
                try:
                    os.unlink(entry.name, dir_fd=folder)
                except IsADirectoryError:
                    self.lift(entry.name, folder)
                except OSError:
                    continue
                else:
                    self.found = True

    def lift(self, name: str, folder: int) -> None:
        """Moves a folder to the top, which takes the right to write to it."""
        try:
            os.chmod(name, 0o700, dir_fd=folder)
            target = f".removed-{next(self.names)}"
            os.rename(name, target, src_dir_fd=folder, dst_dir_fd=self.top)
        except OSError:
            return
        self.found = True

    def check(self) -> None:
        """Raises NoMoreTimeError when the slice is over."""
        if perf_counter_ns() >= self.until:
            raise NoMoreTimeError
