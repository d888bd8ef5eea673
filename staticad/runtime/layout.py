"""Word indices of the tables that Python fills and compiled code reads, and their substitution into source text.

Every table is an int64 array; the attributes of a class name its words. :func:`substitute` replaces the names in
the text of the machine, so the text (and with it the cache key) changes when a layout does. The classes are no
enumerations, of which so many members take a while to make.
"""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Mapping

from staticad.records import NamedTuple

CACHE_LINE_WORDS = 8


class Context:
    """The context of one program: counts, addresses of its tables, addresses of the functions that it calls."""

    FEED_COUNT = 0
    FEED_SPECS = 1  # variable length, see FeedSpec
    OUT_COUNT = 2
    OUT_SPECS = 3  # variable length, see OutSpec
    POINTERS = 4  # data pointers of this call: feeds, then outs
    PATCH_COUNT = 5
    PATCHES = 6  # see Patch
    LOCK_COUNT = 7
    LOCKS = 8  # see LockUse
    COMPUTE_STEPS = 9
    ALL_STEPS = 10
    STEPS = 11  # see Step
    STATUS = 12
    POOL = 13  # 0: this program never uses other threads
    HELPERS = 14
    RELEASE = 15  # let other Python threads run meanwhile
    PROFILE = 16  # where the Measures of the steps begin; 0: off
    TYPE_ARRAY = 17
    TYPE_TUPLE = 18
    SAVE_THREAD = 19
    RESTORE_THREAD = 20
    NEW_INTEGER = 21
    NEW_TUPLE = 22
    NEW_ARRAY = 23
    INCREASE_REFERENCES = 24
    DECREASE_REFERENCES = 25
    CLOCK = 26
    CLOCK_ID = 27
    BLAS = 28  # see BlasThreads; 0: leave them alone
    WATCH = 29  # see Watch; 0: nothing looks there
    SET_INTERRUPT = 30
    NEW_BYTES = 31
    AS_INTEGER = 32
    NONE = 33
    PROCESS = 34  # see Process
    FLOATS = 35  # how this program rounds, see staticad.runtime.float_state


class FeedSpec:
    """What one feed must be. SIZES is followed by the sizes of all axes."""

    DTYPE = 0
    RANK = 1
    SCALAR_TYPE = 2
    OTHER_SCALAR_TYPE = 3
    SIZES = 4


class OutSpec:
    """What one result is. SIZES is followed by the sizes of all axes."""

    DTYPE = 0
    RANK = 1
    SIZES = 2


class Patch:
    """Before a run: ``*TARGET = pointers[SOURCE] + OFFSET``."""

    TARGET = 0
    SOURCE = 1
    OFFSET = 2
    WORDS = 3


class LockUse:
    """A lock that a run holds: the address of its words, and whether it must be the only holder."""

    LOCK = 0
    EXCLUSIVE = 1
    WORDS = 2


class LockWords:
    """A lock: how many hold it (-1: one alone), and who has waited longest, see staticad.runtime.locks."""

    HOLDERS = 0
    CLAIM = 1  # its ticket; 0: nobody waits
    ALONE = 2  # whether it wants to be the only holder
    UNTIL = 3  # when the claim ends, in nanoseconds
    GENERATION = 4  # of the process that wrote the words; those of a parent are void
    WORDS = 5


class Process:
    """What all runs of a process share, see staticad.runtime.forks."""

    GENERATION = 0  # how often it has been forked
    ENTER = 1  # the function that enters a section
    SLEEP = 2
    SAVE_THREAD = 3
    RESTORE_THREAD = 4
    NEW_BOOL = 5
    FORKS = 8  # under way
    INSIDE = 16  # threads in a section that no fork may cut
    WORDS = 24


class Step:
    """One kernel: its address, its argument block, and how its outermost loop is cut (GRAIN 0: not at all)."""

    KERNEL = 0
    ARGS = 1
    EXTENT = 2
    GRAIN = 3
    WORDS = 4


class Measure:
    """What a profile adds up for a step. A plan inside another one has a Measure of its own before those of its steps,
    whose CALLS are how often it has run."""

    NANOSECONDS = 0
    CALLS = 1
    WORDS = 2


class BlasThreads:
    """How many runs want BLAS to use one thread, and how to tell it."""

    RUNS = 0
    FORMER = 1  # its number of threads before the first of these runs
    GET = 2
    SET = 3
    WORDS = 4


class Pool:
    """The worker threads' shared memory. Words that different threads write lie on different cache lines."""

    LOCK = 0
    TICKETS = 8  # chunks of the current job that nobody has taken; at most 0: no work
    PENDING = 16  # chunks that are not finished
    SLEEPERS = 24  # workers that wait for the semaphore and have not been called
    KERNEL = 32
    ARGS = 33
    EXTENT = 34
    GRAIN = 35
    CHUNKS = 36
    FLOATS = 37  # how workers round meanwhile, see staticad.runtime.float_state
    STARTED = 40
    WORKER = 41
    CREATE_THREAD = 42
    SET_SIGNAL_MASK = 43
    BLOCK_SIGNALS = 44
    SEMAPHORE_WAIT = 45
    SEMAPHORE_POST = 46
    SEMAPHORE = 47
    YIELD = 48
    CLOCK = 49
    CLOCK_ID = 50
    SPIN = 51  # nanoseconds without work during which a worker only looks for it
    STAY = 52  # nanoseconds without work after which it sleeps
    THREAD = 53  # where the identity of a new thread is written
    SIGNALS = 56  # a full signal set
    SEMAPHORE_BODY = 80
    WORDS = 96


class LoopBlock:
    """The argument block of a loop: its steps, how many times, and what moves from step to step."""

    STEPS = 0  # see Step
    COMPUTE_STEPS = 1
    ALL_STEPS = 2
    LENGTH = 3  # address of the number of steps; 0: as long as the condition holds
    FIRST = 4  # address of the condition for the first step (a byte)
    AGAIN = 5  # address of the condition that a step leaves
    STATUS = 6
    MOVES = 7  # see Move
    MOVE_COUNT = 8
    RECORDS = 9  # see Record
    RECORD_COUNT = 10
    REVERSE = 11
    MADE = 12  # address for the number of steps made; 0: nobody asks
    GROW = 13  # what makes a sequence grow, see staticad.runtime.tapes
    NUMBER = 14  # the number of steps, where LENGTH points to it
    CONDITION = 15  # room for the condition, where AGAIN points to it
    MEASURES = 16  # see Measure; in profiles only
    CLOCK = 17
    TAPE = 18  # see Tape
    CODE = 19  # the number of this loop, for errors
    WATCH = 20  # see Watch
    WHOLE = 21  # not 0: a single step makes them all, and begins at the first slices
    WORDS = 22


class Move:
    """Before a step at position p: ``*TARGET = base + p * STRIDE``, where base is BASE, or what it points to."""

    TARGET = 0
    BASE = 1
    STRIDE = 2
    INDIRECT = 3
    WORDS = 4


class Record:
    """A sequence that grows: the address of its RecordBlock, the bytes of a slice."""

    BLOCK = 0
    BYTES = 1
    WORDS = 2


class RecordBlock:
    """The memory of a sequence, in bytes, and how much of it the last loop used."""

    MEMORY = 0
    CAPACITY = 1
    USED = 2
    IDLE = 3  # loops since one that used a quarter of it
    WORDS = 4


class Tape:
    """The memory of all sequences of a session that grow. AVAILABLE asks the system how many bytes there are (0: it
    can't be asked), by the functions OPEN to CLOSE and the file whose name PATH points to."""

    TOTAL = 0
    LIMIT = 1
    REALLOCATE = 2
    AVAILABLE = 3
    OPEN = 4
    READ = 5
    CLOSE = 6
    PATH = 7
    PROCESS = 8  # see Process
    UNSEEN = 9  # bytes by which they have grown since AVAILABLE was asked
    SHRINK = 10  # what gives back the memory of a sequence that loops no longer use
    FREE = 11
    WORDS = 12


class Watch:
    """How loops learn whether a run is to end, see staticad.runtime.interrupts. LOOK is the function that they call."""

    LOOK = 0
    LEFT = 1  # steps of dispatched loops before they look again
    ROUND = 2  # how many there were
    THREAD = 3  # the state of the thread that has released the interpreter; 0: it has not
    LOOKED = 4  # when, in nanoseconds; 0: not yet in this run
    ASKED = 5
    STATUS = 6
    CLOCK = 7
    SAVE_THREAD = 8
    RESTORE_THREAD = 9
    INTERRUPT_OCCURRED = 10
    WORDS = 11


class Failure:
    """The first status word. What the others are depends on it."""

    NONE = 0
    CHECK = 1  # code of the check, and two numbers that it tells of
    OUT_OF_MEMORY = 2  # number of the loop, bytes recorded, steps made
    INTERRUPTED = 3


class Status(NamedTuple):
    """The status words of a run that has failed; the meaning of the last three depends on the first."""

    failed: int
    code: int
    first: int
    second: int

    @classmethod
    def from_bytes(cls, words: bytes) -> Status:
        """From what a run returns."""
        return cls(*struct.unpack("=4q", words))


class BranchBlock:
    """The argument block of a choice: address of the index, then the branches, see Branch."""

    INDEX = 0
    COUNT = 1
    STATUS = 2
    CLOCK = 3
    BRANCHES = 4


class Branch:
    """One branch of a choice: its steps and their number."""

    STEPS = 0
    COUNT = 1
    MEASURES = 2  # see Measure; in profiles only
    WORDS = 3


class ReturnCode(NamedTuple):
    """How a run without results ended: k >= 1 means that feed k - 1 does not fit, nothing has run."""

    DONE: int = 0
    STATUS: int = -1  # a kernel wrote the status words, which are returned instead; no commit step has run
    BUSY: int = -2  # another thread holds one of the locks; nothing has run
    COUNT: int = -3  # the feeds are not a tuple of the right length; nothing has run
    INTERRUPTED: int = (
        -4
    )  # the user has interrupted the process: its handler of SIGINT runs next; no commit step has run


CODES = ReturnCode()

_TABLES = (
    Context,
    FeedSpec,
    OutSpec,
    Patch,
    LockUse,
    LockWords,
    Process,
    Step,
    Measure,
    BlasThreads,
    Pool,
    LoopBlock,
    Move,
    Record,
    RecordBlock,
    Tape,
    Watch,
    Failure,
    BranchBlock,
    Branch,
)


def members(table: type) -> dict[str, int]:
    """The words of a table by name."""
    return {name: value for name, value in vars(table).items() if name.isupper()}


@functools.cache
def _numbers() -> dict[str, int]:
    """All words of all tables, as source text names them."""
    words = {f"{table.__name__}.{name}": word for table in _TABLES for name, word in members(table).items()}
    return words | {f"CODES.{name}": code for name, code in CODES._asdict().items()}


def substitute(source: str, constants: Mapping[str, int]) -> str:
    """``source`` with ``Table.NAME`` and the names of ``constants`` replaced by numbers."""
    values = {**_numbers(), **constants}

    def number(match: re.Match[str]) -> str:
        return str(values[match[0]])

    # A name's first letter comes first: so the search skips what has no capitals.
    return re.sub(r"[A-Z](?<!\w.)(?:\w+\.[A-Z_]+|[A-Z_]{2,})\b", number, source)
