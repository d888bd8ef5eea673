"""New values of variables (of a session, or of a loop's carry): which are written in place, and the commit steps.

A value is computed straight into its variable if nothing can fail on the way, no other step reads it, and no step
that runs in the commit phase reads the variable's old value at another place. Otherwise it is computed into a
temporary and copied in the end. Updates of parts (``x.at[i].set``, also several in a row) write just the part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from heapq import heapify, heappop

from staticad.ir.dims import product
from staticad.ir.graph import Node, Tensor
from staticad.lower.emission.accesses import Accesses
from staticad.lower.emission.regions import row_major, store_region
from staticad.lower.fusion.clusters import Cluster
from staticad.lower.interface import Lowering
from staticad.lower.kernel.plan import FETCH, Buffer, Step
from staticad.lower.memory.accumulation import Accumulation, accumulation
from staticad.records import dataclass

Target = tuple[Buffer, Tensor]  # a variable's buffer, its new value


@dataclass
class Candidate:
    """Clusters that would move to the commit phase together, and the variables that they write."""

    clusters: tuple[int, ...]
    targets: list[Target]
    chain: tuple[Node, ...] = ()  # partial updates, the first to apply first
    product: Accumulation | None = None
    dropped: tuple[int, ...] = ()  # clusters that are not needed then


@dataclass
class Program:
    """What is known of the steps when commit steps are chosen. ``events`` are what loop clusters access;
    ``in_body``: an error leaves no variable half-written anyway (a loop's carry). ``pinned`` are clusters that have to
    run before compute steps that overwrite what they read, ``shared`` the buffers that are used instead of others, by
    the numbers of those."""

    lowering: Lowering
    steps: list[tuple[Cluster, list[Step]]]
    events: dict[int, Accesses]
    in_body: bool
    pinned: set[int] = field(default_factory=set)
    shared: Mapping[int, Buffer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._accesses: dict[int, Accesses] = {}
        self.readers: dict[int, set[int]] = {}
        self.made = {cluster.number: made for cluster, made in self.steps}
        for cluster, made in self.steps:
            for step in made:
                for number in step.reads:
                    self.readers.setdefault(number, set()).add(cluster.number)

    def accesses(self, number: int) -> Accesses:
        """The loads and stores of a loop cluster."""
        found = self._accesses.get(number)
        if found is None:
            found = self._accesses[number] = self.events[number].renamed(self._used)
        return found

    def _used(self, number: int) -> int:
        return self.shared[number].number if number in self.shared else number


def commit_steps(
    program: Program, targets: list[Target], again: Callable[[Cluster, list[Target]], Step]
) -> tuple[list[tuple[Cluster, Step]], list[Step]]:
    """The compute and the commit steps. ``again`` emits a loop cluster once more, writing to variables."""
    targets = [(variable, tensor) for variable, tensor in targets if program.lowering.buffer(tensor) != variable]
    chosen = choose(program, targets)
    moved = {number for candidate in chosen for number in (*candidate.clusters, *candidate.dropped)}
    compute = [(cluster, step) for cluster, made in program.steps if cluster.number not in moved for step in made]
    commit: list[Step] = []
    clusters = {cluster.number: cluster for cluster, _ in program.steps}
    families = program.lowering.families
    for candidate in chosen:
        if candidate.chain:
            ((variable, _),) = candidate.targets
            commit += [families[node.op].change(program.lowering, node, variable) for node in candidate.chain]
        elif candidate.product is not None:
            ((variable, _),) = candidate.targets
            node, alpha = candidate.product.product, candidate.product.alpha
            commit.append(families[node.op].add_onto(program.lowering, node, variable, alpha))
        else:
            commit.append(again(clusters[candidate.clusters[0]], candidate.targets))
    done = {id(tensor) for candidate in chosen for _, tensor in candidate.targets}
    for variable, tensor in targets:
        if id(tensor) not in done:
            place = row_major(program.lowering.fusion.shape(tensor))
            step = store_region(program.lowering, tensor, variable, place, "assign")
            commit.append(step if step.where else replace(step, where=(tensor.node.where,)))
    return compute, commit


def choose(program: Program, targets: list[Target]) -> list[Candidate]:
    """What is written to variables directly, in order."""
    whole: dict[int, Candidate] = {}
    found: list[Candidate] = []
    owners: dict[Node, set[int]] = {}
    for variable, tensor in targets:
        owners.setdefault(tensor.node, set()).add(variable.number)
    for variable, tensor in targets:
        home = program.lowering.fusion.home(tensor.node)
        if home is None or home.number in program.pinned:
            continue
        if home.loops:
            whole.setdefault(home.number, Candidate((home.number,), [])).targets.append((variable, tensor))
        else:
            candidate = _chain(program, variable, tensor, owners)
            if candidate is not None:
                found.append(candidate)
    for candidate in whole.values():
        if _fits(program, candidate):
            found.append(_as_product(program, candidate) or candidate)
    return _ordered(program, found)


def _as_product(program: Program, candidate: Candidate) -> Candidate | None:
    """The candidate as a matrix product that is added to the variable, if its loops do nothing else."""
    if len(candidate.targets) != 1:
        return None
    ((variable, value),) = candidate.targets
    lowering = program.lowering
    found = accumulation(value, lambda base: _holds(program, variable, base), lowering.families)
    if found is None:
        return None
    (loops,) = candidate.clusters
    buffer, home = lowering.buffer(found.product.outputs[0]), lowering.fusion.cluster(value.node)
    number = lowering.fusion.cluster(found.product).number
    if number in program.pinned or not found.between.issuperset(home.members):
        return None
    if program.readers[buffer.number] != {loops}:
        return None
    if FETCH in (buffer.role, lowering.buffer(value).role) or variable.number in program.made[number][0].reads:
        return None
    return Candidate((number,), candidate.targets, product=found, dropped=(loops,))


def _ordered(program: Program, candidates: list[Candidate]) -> list[Candidate]:
    """The candidates so that whoever reads a variable comes before the one that writes it. Where they read each other
    in a circle, one of them is given up: a whole value, if there is one, since a part costs more to copy."""
    moved: dict[int, list[int]] = {}
    for number, candidate in enumerate(candidates):
        for cluster in candidate.clusters:
            moved.setdefault(cluster, []).append(number)
    earlier = [_read_by(program, number, candidate, moved) for number, candidate in enumerate(candidates)]
    later: list[list[int]] = [[] for _ in candidates]
    for number, readers in enumerate(earlier):
        for reader in readers:
            later[reader].append(number)
    waiting = [len(readers) for readers in earlier]
    left = set(range(len(candidates)))
    cheapest = [(len(candidate.chain), number) for number, candidate in enumerate(candidates)]
    heapify(cheapest)
    ready = [number for number, count in enumerate(waiting) if not count]
    order: list[Candidate] = []
    while left:
        if ready:
            order += (candidates[number] for number in ready)
        else:
            while cheapest[0][1] not in left:
                heappop(cheapest)
            ready = [heappop(cheapest)[1]]
        left.difference_update(ready)
        following = [number for done in ready for number in later[done] if number in left]
        for number in following:
            waiting[number] -= 1
        ready = sorted({number for number in following if not waiting[number]})
    return order


def _read_by(program: Program, number: int, candidate: Candidate, moved: Mapping[int, list[int]]) -> set[int]:
    """The numbers of the other candidates that read a variable which this one writes; ``moved`` are those of a
    cluster."""
    clusters = [c for variable, _ in candidate.targets for c in program.readers.get(variable.number, ())]
    return {other for cluster in clusters for other in moved.get(cluster, ())} - {number}


def _fits(program: Program, candidate: Candidate) -> bool:
    (number,) = candidate.clusters
    made = program.made[number]
    if not made or (made[0].may_fail and not program.in_body):
        return False
    if any(program.readers.get(written, set()) - {number} for written in made[0].writes):
        return False
    return all(_elementwise(program, variable, tensor, number) for variable, tensor in candidate.targets)


def _elementwise(program: Program, variable: Buffer, tensor: Tensor, number: int) -> bool:
    """True if the new value is stored once and not read again, and every load of the variable comes before that,
    from the same place."""
    accesses, target = program.accesses(number), program.lowering.buffer(tensor).number
    if target in accesses.loads:
        return False
    return accesses.may_overwrite(variable.number, target, cut=program.made[number][0].grain != 0)


def _chain(program: Program, variable: Buffer, tensor: Tensor, owners: Mapping[Node, set[int]]) -> Candidate | None:
    """Partial updates that start from the variable's old value, each read by the next alone, and only as what it
    changes (``owners`` are the variables whose new values nodes are). Only the first may read the variable, and only
    to write one element."""
    lowering, fusion = program.lowering, program.lowering.fusion
    nodes: list[Node] = []
    clusters: list[int] = []
    current = tensor
    while True:
        home = fusion.home(current.node)
        if home is None or not lowering.families[current.op].changes_part(current.node):
            break
        if home.number in program.pinned:
            return None
        if clusters and lowering.buffer(current).number in program.made[clusters[-1]][-1].reads:
            return None
        readers = program.readers.get(lowering.buffer(current).number, set()) - {home.number}
        if readers - set(clusters[-1:]) or lowering.buffer(current).role == FETCH:
            return None
        if not owners.get(current.node, set()) <= {variable.number}:
            return None
        step = program.made[home.number][-1]
        if step.may_fail and not program.in_body:
            return None
        updates, base = current.node.inputs[1], fusion.memory(current.node.inputs[0])
        if variable.number in step.reads and not (fusion.is_source(base) and product(fusion.shape(updates)) == 1):
            return None
        nodes.append(current.node)
        clusters.append(home.number)
        current = base
    if not nodes or not _holds(program, variable, current):
        return None
    return Candidate(tuple(reversed(clusters)), [(variable, tensor)], tuple(reversed(nodes)))


def _holds(program: Program, variable: Buffer, tensor: Tensor) -> bool:
    """True for the old value of a variable."""
    return program.lowering.fusion.is_source(tensor) and program.lowering.buffer(tensor) == variable
