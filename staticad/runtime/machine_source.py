"""The text of the compiled dispatcher: check the feeds, bind the pointers, run the steps, commit, return.

It is one function with CPython's ``METH_FASTCALL`` signature, so that Python calls it as a built-in function: ``self``
is the array that holds the context, for the arguments see :class:`staticad.runtime.machine.Program`. Python objects and
locks are touched with the global interpreter lock held; the kernels run without it.

Nothing about a run depends on the number of threads: a step whose extent exceeds its grain is always cut into chunks
of that grain, and each chunk is one kernel call, whether the workers or this thread make it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticad.runtime.abi import (
    ARRAY_DATA,
    ARRAY_DIMENSIONS,
    ARRAY_DTYPE,
    ARRAY_FLAGS,
    ARRAY_RANK,
    DTYPE_ITEMSIZE,
    DTYPE_KIND,
    KIND_AND_ORDER,
    REQUIRED_FLAGS,
    SCALAR_VALUE,
    TUPLE_ITEMS,
    TUPLE_SIZE,
    TYPE_NUMBERS,
)
from staticad.runtime.abi import TYPE as OBJECT_TYPE
from staticad.runtime.float_state import FLOAT_CONTROL
from staticad.runtime.layout import (
    CODES,
    BlasThreads,
    Context,
    Failure,
    FeedSpec,
    LockUse,
    LockWords,
    Measure,
    OutSpec,
    Patch,
    Pool,
    Process,
    Step,
    Watch,
)
from staticad.runtime.machine_text import machine_text

if TYPE_CHECKING:  # names of machine code, which nothing calls in Python
    from staticad.codegen.machine_language import (
        address_of,
        atomic_add,
        atomic_load,
        atomic_store,
        call,
        call8,
        compare_exchange,
        float_state,
        pause,
        peek,
        peek_int32,
        poke,
        set_float_state,
        stack_words,
    )

# How long a claim to a lock holds that is not renewed. Whoever waits looks every millisecond, when it gets a core and
# the interpreter; one that has stopped waiting, by an exception, holds others up for no longer than this.
CLAIM_NANOSECONDS = 100_000_000


def _machine(args: int, lo: int, hi: int) -> int:
    context = peek(address_of(args) + ARRAY_DATA, 0)
    feeds = peek(lo, 0)
    pointers = peek(context, Context.POINTERS)
    new_integer = peek(context, Context.NEW_INTEGER)

    # The feeds: exactly the expected arrays (or scalars), else nothing happens.
    feed_count = peek(context, Context.FEED_COUNT)
    if peek(feeds + OBJECT_TYPE, 0) != peek(context, Context.TYPE_TUPLE) or peek(feeds + TUPLE_SIZE, 0) != feed_count:
        return call(new_integer, CODES.COUNT, 0, 0, 0)
    array_type = peek(context, Context.TYPE_ARRAY)
    spec = peek(context, Context.FEED_SPECS)
    for i in range(feed_count):
        feed = peek(feeds + TUPLE_ITEMS, i)
        kind = peek(feed + OBJECT_TYPE, 0)
        rank = peek(spec, FeedSpec.RANK)
        fits = 0
        if kind == array_type:
            dtype = peek(feed + ARRAY_DTYPE, 0)
            wanted = peek(spec, FeedSpec.DTYPE)
            same = 1
            if dtype != wanted:  # another object may say the same: C's long long, one that was unpickled
                words = peek(dtype + DTYPE_KIND, 0)
                if (
                    (words ^ peek(wanted + DTYPE_KIND, 0)) & KIND_AND_ORDER != 0
                    or words < 0
                    or words >> 32 >= TYPE_NUMBERS
                    or peek(dtype + DTYPE_ITEMSIZE, 0) != peek(wanted + DTYPE_ITEMSIZE, 0)
                ):
                    same = 0
            if (
                same != 0
                and peek_int32(feed + ARRAY_RANK) == rank
                and peek_int32(feed + ARRAY_FLAGS) & REQUIRED_FLAGS == REQUIRED_FLAGS
            ):
                fits = 1
                sizes = peek(feed + ARRAY_DIMENSIONS, 0)
                for axis in range(rank):
                    if peek(sizes, axis) != peek(spec, FeedSpec.SIZES + axis):
                        fits = 0
        elif rank == 0 and (kind == peek(spec, FeedSpec.SCALAR_TYPE) or kind == peek(spec, FeedSpec.OTHER_SCALAR_TYPE)):
            fits = 1
        if fits == 0:
            return call(new_integer, i + 1, 0, 0, 0)
        spec += 8 * (FeedSpec.SIZES + rank)

    # The results: the given tuple, or a new one of new arrays.
    out_count = peek(context, Context.OUT_COUNT)
    outs = 0
    if hi > 1:
        outs = peek(lo, 1)
    ticket = 0
    if hi > 2:
        ticket = call(peek(context, Context.AS_INTEGER), peek(lo, 2), 0, 0, 0)
        if outs == peek(context, Context.NONE):
            outs = 0
    if outs != 0:
        if peek(outs + OBJECT_TYPE, 0) != peek(context, Context.TYPE_TUPLE) or peek(outs + TUPLE_SIZE, 0) != out_count:
            return call(new_integer, CODES.COUNT, 0, 0, 0)
        call(peek(context, Context.INCREASE_REFERENCES), outs, 0, 0, 0)
    else:
        outs = call(peek(context, Context.NEW_TUPLE), out_count, 0, 0, 0)
        if outs == 0:
            return 0
        new_array = peek(context, Context.NEW_ARRAY)
        spec = peek(context, Context.OUT_SPECS)
        for j in range(out_count):
            dtype = peek(spec, OutSpec.DTYPE)
            rank = peek(spec, OutSpec.RANK)
            call(peek(context, Context.INCREASE_REFERENCES), dtype, 0, 0, 0)
            out = call8(new_array, array_type, dtype, rank, spec + 8 * OutSpec.SIZES, 0, 0, 0, 0)
            if out == 0:  # out of memory; NumPy has set the exception
                call(peek(context, Context.DECREASE_REFERENCES), outs, 0, 0, 0)
                return 0
            poke(outs + TUPLE_ITEMS, j, out)
            spec += 8 * (OutSpec.SIZES + rank)

    # An allocation may start the garbage collector, and with it any Python: another run of this program, other threads.
    # So what follows, until the locks are held, allocates nothing, and what other runs write too comes after it.

    # The locks. Their words change under the global interpreter lock only, so plain reads and writes do. One that is
    # free is left to whoever has waited longer, if its claim is not too old.
    lock_count = peek(context, Context.LOCK_COUNT)
    use = peek(context, Context.LOCKS)
    process = peek(context, Context.PROCESS)
    clock = stack_words(2)
    now = 0
    busy = 0
    for _ in range(lock_count):
        lock = peek(use, LockUse.LOCK)
        if peek(lock, LockWords.GENERATION) != peek(process, Process.GENERATION):
            poke(lock, LockWords.HOLDERS, 0)
            poke(lock, LockWords.CLAIM, 0)
            poke(lock, LockWords.GENERATION, peek(process, Process.GENERATION))
        alone = peek(use, LockUse.EXCLUSIVE)
        holders = peek(lock, LockWords.HOLDERS)
        if holders < 0 or (holders > 0 and alone != 0):
            busy = 1
        claim = peek(lock, LockWords.CLAIM)
        if claim != 0 and claim != ticket:
            if now == 0:
                call(peek(context, Context.CLOCK), peek(context, Context.CLOCK_ID), clock, 0, 0)
                now = peek(clock, 0) * 1000000000 + peek(clock, 1)
            if now > peek(lock, LockWords.UNTIL):
                poke(lock, LockWords.CLAIM, 0)
            elif (ticket == 0 or claim < ticket) and (alone != 0 or peek(lock, LockWords.ALONE) != 0):
                busy = 1
        use += 8 * LockUse.WORDS
    use = peek(context, Context.LOCKS)
    if busy != 0:
        if ticket != 0:
            call(peek(context, Context.CLOCK), peek(context, Context.CLOCK_ID), clock, 0, 0)
            now = peek(clock, 0) * 1000000000 + peek(clock, 1)
            for _ in range(lock_count):
                lock = peek(use, LockUse.LOCK)
                claim = peek(lock, LockWords.CLAIM)
                if claim == 0 or claim >= ticket:
                    poke(lock, LockWords.CLAIM, ticket)
                    poke(lock, LockWords.ALONE, peek(use, LockUse.EXCLUSIVE))
                    poke(lock, LockWords.UNTIL, now + CLAIM_NANOSECONDS)
                use += 8 * LockUse.WORDS
        call(peek(context, Context.DECREASE_REFERENCES), outs, 0, 0, 0)
        return call(new_integer, CODES.BUSY, 0, 0, 0)
    for _ in range(lock_count):
        lock = peek(use, LockUse.LOCK)
        poke(lock, LockWords.HOLDERS, -1 if peek(use, LockUse.EXCLUSIVE) != 0 else peek(lock, LockWords.HOLDERS) + 1)
        if peek(lock, LockWords.CLAIM) == ticket:
            poke(lock, LockWords.CLAIM, 0)
        use += 8 * LockUse.WORDS

    # The pointers of this call.
    for i in range(feed_count):
        feed = peek(feeds + TUPLE_ITEMS, i)
        data = feed + SCALAR_VALUE
        if peek(feed + OBJECT_TYPE, 0) == array_type:
            data = peek(feed + ARRAY_DATA, 0)
        poke(pointers, i, data)
    for j in range(out_count):
        poke(pointers, feed_count + j, peek(peek(outs + TUPLE_ITEMS, j) + ARRAY_DATA, 0))
    patch = peek(context, Context.PATCHES)
    for k in range(peek(context, Context.PATCH_COUNT)):
        poke(peek(patch, Patch.TARGET), 0, peek(pointers, peek(patch, Patch.SOURCE)) + peek(patch, Patch.OFFSET))
        patch += 8 * Patch.WORDS

    # The matrix library uses one thread until the last run is over. A number that is not ours is the user's.
    blas = peek(context, Context.BLAS)
    if blas != 0:
        former = call(peek(blas, BlasThreads.GET), 0, 0, 0, 0) & 0xFFFFFFFF
        if former != 1 or peek(blas, BlasThreads.RUNS) == 0:
            poke(blas, BlasThreads.FORMER, former)
            if former != 1:
                call(peek(blas, BlasThreads.SET), 1, 0, 0, 0)
        poke(blas, BlasThreads.RUNS, peek(blas, BlasThreads.RUNS) + 1)

    thread = 0
    release = peek(context, Context.RELEASE)
    if release != 0:
        thread = call(peek(context, Context.SAVE_THREAD), 0, 0, 0, 0)
        watch = peek(context, Context.WATCH)
        if watch != 0:
            poke(watch, Watch.THREAD, thread)
            poke(watch, Watch.LOOKED, 0)
            poke(watch, Watch.ASKED, 0)

    # How this thread rounds until the steps are done, whatever its owner has set.
    floats = float_state()
    if (floats ^ peek(context, Context.FLOATS)) & FLOAT_CONTROL != 0:
        set_float_state(peek(context, Context.FLOATS))

    # The steps. The last ones change variables and run only if nothing went wrong before.
    status = peek(context, Context.STATUS)
    for k in range(4):
        poke(status, k, 0)
    code = CODES.DONE
    pool = peek(context, Context.POOL)
    helpers = peek(context, Context.HELPERS)
    profile = peek(context, Context.PROFILE)
    compute_steps = peek(context, Context.COMPUTE_STEPS)
    step = peek(context, Context.STEPS)
    began = 0
    inside = 0
    for s in range(peek(context, Context.ALL_STEPS)):
        if s <= compute_steps and peek(status, 0) != 0:
            break
        if s == compute_steps and release != 0:
            call(peek(process, Process.ENTER), process, 0, 0, 0)
            inside = 1
        if profile != 0:
            call(peek(context, Context.CLOCK), peek(context, Context.CLOCK_ID), clock, 0, 0)
            began = peek(clock, 0) * 1000000000 + peek(clock, 1)
        kernel = peek(step, Step.KERNEL)
        block = peek(step, Step.ARGS)
        extent = peek(step, Step.EXTENT)
        grain = peek(step, Step.GRAIN)
        step += 8 * Step.WORDS
        if grain <= 0 or extent <= grain:
            call(kernel, block, 0, extent, 0)
        elif pool == 0 or compare_exchange(pool, Pool.LOCK, 0, 1) == 0:
            # No workers, or another program has them.
            start = 0
            while start < extent:
                end = start + grain
                if end > extent:
                    end = extent
                call(kernel, block, start, end, 0)
                start = end
        else:
            while peek(pool, Pool.STARTED) < helpers:
                failed = call(peek(pool, Pool.CREATE_THREAD), pool + 8 * Pool.THREAD, 0, peek(pool, Pool.WORKER), pool)
                if failed & 0xFFFFFFFF != 0:
                    break
                poke(pool, Pool.STARTED, peek(pool, Pool.STARTED) + 1)
            chunks = (extent + grain - 1) // grain
            poke(pool, Pool.KERNEL, kernel)
            poke(pool, Pool.ARGS, block)
            poke(pool, Pool.EXTENT, extent)
            poke(pool, Pool.GRAIN, grain)
            poke(pool, Pool.CHUNKS, chunks)
            poke(pool, Pool.FLOATS, peek(context, Context.FLOATS))
            atomic_store(pool, Pool.PENDING, chunks)
            atomic_store(pool, Pool.TICKETS, chunks)  # from here on workers take chunks
            wanted = helpers  # workers to call; this thread takes chunks as well
            if wanted > chunks - 1:
                wanted = chunks - 1
            sleepers = atomic_load(pool, Pool.SLEEPERS)
            while wanted > 0 and sleepers > 0:
                if compare_exchange(pool, Pool.SLEEPERS, sleepers, sleepers - 1) != 0:
                    call(peek(pool, Pool.SEMAPHORE_POST), peek(pool, Pool.SEMAPHORE), 0, 0, 0)
                    wanted -= 1
                sleepers = atomic_load(pool, Pool.SLEEPERS)
            ticket = atomic_add(pool, Pool.TICKETS, -1)
            while ticket > 0:
                start = (chunks - ticket) * grain
                end = start + grain
                if end > extent:
                    end = extent
                call(kernel, block, start, end, 0)
                atomic_add(pool, Pool.PENDING, -1)
                ticket = atomic_add(pool, Pool.TICKETS, -1)
            spins = 0
            while atomic_load(pool, Pool.PENDING) > 0:
                pause()
                spins += 1
                if spins & 1023 == 0:
                    call(peek(pool, Pool.YIELD), 0, 0, 0, 0)
            atomic_store(pool, Pool.LOCK, 0)
        if profile != 0:
            call(peek(context, Context.CLOCK), peek(context, Context.CLOCK_ID), clock, 0, 0)
            ended = peek(clock, 0) * 1000000000 + peek(clock, 1)
            poke(profile, Measure.NANOSECONDS, peek(profile, Measure.NANOSECONDS) + ended - began)
            poke(profile, Measure.CALLS, peek(profile, Measure.CALLS) + 1)
            profile += 8 * Measure.WORDS
    if inside != 0:
        atomic_add(process, Process.INSIDE, -1)
    failure = stack_words(4)
    if peek(status, 0) != 0:
        code = CODES.INTERRUPTED if peek(status, 0) == Failure.INTERRUPTED else CODES.STATUS
        for k in range(4):  # when the locks are given back, they belong to the next run
            poke(failure, k, peek(status, k))
    if (floats ^ peek(context, Context.FLOATS)) & FLOAT_CONTROL != 0:
        set_float_state(floats)

    if release != 0:
        call(peek(context, Context.RESTORE_THREAD), thread, 0, 0, 0)
    if blas != 0:
        poke(blas, BlasThreads.RUNS, peek(blas, BlasThreads.RUNS) - 1)
        if peek(blas, BlasThreads.RUNS) == 0 and peek(blas, BlasThreads.FORMER) != 1:
            if call(peek(blas, BlasThreads.GET), 0, 0, 0, 0) & 0xFFFFFFFF == 1:
                call(peek(blas, BlasThreads.SET), peek(blas, BlasThreads.FORMER), 0, 0, 0)
    use = peek(context, Context.LOCKS)
    for _ in range(lock_count):
        lock = peek(use, LockUse.LOCK)
        poke(lock, LockWords.HOLDERS, 0 if peek(use, LockUse.EXCLUSIVE) != 0 else peek(lock, LockWords.HOLDERS) - 1)
        use += 8 * LockUse.WORDS
    if code != CODES.DONE:
        if code == CODES.INTERRUPTED:
            call(peek(context, Context.SET_INTERRUPT), 0, 0, 0, 0)
        call(peek(context, Context.DECREASE_REFERENCES), outs, 0, 0, 0)
        if code == CODES.STATUS:
            return call(peek(context, Context.NEW_BYTES), failure, 8 * 4, 0, 0)
        return call(new_integer, code, 0, 0, 0)
    return outs


MACHINE_SOURCE = machine_text(_machine)
