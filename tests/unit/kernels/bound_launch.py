"""What a bound launch hands to the driver, beside what Triton's own launch hands to it.

For a GPU that is not there: kernels are compiled, a stub of a driver takes the launches. Run by
test_kernels.py in a process of its own: python bound_launch.py CAPABILITY.
"""

import sys
from itertools import count

import oracle
import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

from llmx.kernels import Rule
from llmx.kernels.buffers import Buffers
from llmx.kernels.inputs import inputs_of, layout_of
from llmx.kernels.launch import Launcher, launcher
from llmx.kernels.plan import KernelPlan, Shape

launches, through_triton = [], []


class Utils:
    """Loads nothing, and tells loaded kernels apart."""

    handles = count(1)

    def load_binary(self, name, *rest):
        return object(), next(self.handles), 0, 0, 1024

    def unload_module(self, module):
        pass

    def get_device_properties(self, device):
        return {"max_shared_mem": 2**30}


def number(one):
    return one.data_ptr() if isinstance(one, torch.Tensor) else one


class Launched:
    """Writes down what a kernel would be given: compile-time arguments are not looked at."""

    def __init__(self, source, metadata):
        self.kinds, self.name = list(source.signature.values()), metadata.name

    def __call__(self, x, y, z, stream, function, packed, extra, enter, leave, *args):
        pairs = zip(self.kinds, args, strict=True)
        given = [number(one) for kind, one in pairs if kind != "constexpr"]
        launches.append((self.name, (x, y, z), stream, function, packed, given))


class Stub:
    utils, launcher_cls = Utils(), Launched

    def get_current_target(self):
        return GPUTarget("cuda", int(sys.argv[1]), 32)

    def get_current_device(self):
        return 0

    def get_current_stream(self, device):
        return 7


driver.set_active(Stub())
run = JITFunction.run


def counted(self, *args, **rest):
    through_triton.append(self.__name__)
    return run(self, *args, **rest)


JITFunction.run = counted


def moved(x, by=1):
    """The same numbers at an address that is `by` elements past a multiple of 16 bytes."""
    room = torch.empty(x.numel() + by, dtype=x.dtype)[by:]
    return room.view(x.shape).copy_(x)


def wide(x, to=64):
    """The same numbers in rows of another stride."""
    return torch.nn.functional.pad(x, (0, to - x.shape[-1]))[..., : x.shape[-1]]


def taken(work):
    launches.clear()
    through_triton.clear()
    work()
    return list(launches), list(through_triton)


BASE = oracle.block(*oracle.fresh(2, 2, 50, kind=torch.bfloat16), seed=1)
VARIANTS = {
    "as it is": {},
    "another place": {"target": moved(BASE.target, 8), "tokens": moved(BASE.tokens, 2)},
    "an odd place": {"target": moved(BASE.target), "tokens": moved(BASE.tokens)},
    "an odd place of the draft alone": {"draft": moved(BASE.draft)},
    "rows of another stride": {"target": wide(BASE.target), "draft": wide(BASE.draft)},
    "thresholds of their own": {"threshold": BASE.threshold.contiguous()},
    "another type": {"target": BASE.target.float()},
    "an edge": {"target_edge": torch.zeros(2, 3)},
}
RULES = (Rule("fallback", "js", 0.6), Rule("union", "kl", 0.0))
bound = 0
for rule in RULES:
    # Twice, so that what one variant has bound is met by all others.
    for turn in range(2):
        for name, changed in VARIANTS.items():
            block = oracle.replace(BASE, **changed)
            plan = KernelPlan.of(block, rule, (), Shape(tile=32))
            inputs, buffers = inputs_of(block, plan), Buffers.new(plan, torch.device("cpu"))
            layout = layout_of(inputs)
            kept = launcher(plan, layout)
            mine, jitted = taken(lambda k=kept, i=inputs, b=buffers: k.run(i, b))
            anew = Launcher(plan, layout)
            theirs, through = taken(lambda a=anew, i=inputs, b=buffers: a.run(i, b))
            assert len(through) == len(theirs) == len(mine) in (4, 5), (rule, name, through)
            assert mine == theirs, (rule, name, mine, theirs)
            if turn:
                assert not jitted, (rule, name, jitted)
            bound += not jitted
print(bound, "bound calls are Triton's own, argument for argument")
