# SPDX-License-Identifier: GPL-2.0
"""What `make bench` and the tests of the group speed share: the operations of
tests/bench/ops.c on several kernels with the same user space, how long they take
when time is the number of instructions, and what they ask Xen for."""

import re
import shlex
import time
from contextlib import contextmanager

import stack
from xenlab import BUILD, DOM0_BUILD, KERNEL, SCALE, Dom0, LabError, Native, cpio, unpacked

PROGRAMS = BUILD / "bench/programs"
USERLAND = BUILD / "guest/small.gz"
INITRD = BUILD / "bench/initrd"
WORK_INITRD = BUILD / "bench/initrd-work"
NATIVE_KERNEL = stack.tree_build() / "native-same/arch/x86/boot/bzImage"
AMD64_KERNEL = DOM0_BUILD / "vmlinuz"
WORKLOADS = BUILD / "workloads/guest.gz"
MEMORY = 128
WORKLOAD_MEMORY = 512

# Kernels, each with its name in dom0; native has none.
GUESTS = {"mach-xen": "/guest/kernel", "amd64": "/guest/kernel64"}

# {row: (operation, the one whose time does not count)}
OPERATIONS = {
    "null": ("null", None),
    "null, int 0x80": ("null-int80", None),
    "read 1 byte": ("read", None),
    "write 1 byte": ("write", None),
    "stat": ("stat", None),
    "open, close": ("open-close", None),
    "select, 10 fds": ("select-10", None),
    "select, 100 fds": ("select-100", None),
    "clock_gettime": ("clock_gettime", None),
    "signal install": ("signal-install", None),
    "signal delivery": ("signal-deliver", None),
    "protection fault": ("protection-fault", None),
    "page fault, anonymous": ("page-fault-anonymous", None),
    "page fault, file": ("page-fault-file", None),
    "mmap, touch, unmap 64 pages": ("mmap-64-pages", None),
    "fork, exit": ("fork-exit", None),
    "fork, exec": ("fork-exec", None),
    "fork, sh": ("fork-sh", None),
    "thread create, join": ("thread", None),
    "pipe, there and back": ("pipe", None),
    "AF_UNIX, there and back": ("unix-socket", None),
    "context switch 2p/0k": ("ring-2-0", "ring-1-0"),
    "context switch 2p/16k": ("ring-2-16", "ring-1-16"),
    "context switch 8p/16k": ("ring-8-16", "ring-1-16"),
    "context switch 16p/64k": ("ring-16-64", "ring-1-64"),
    "user space only": ("user", None),
}
# Has no kernel in it, and no place in a mean of what kernels cost.
USER = "user space only"

# Lines of tests/bench/floor.c
_CALL = "syscall and a plain iret"
_INT80 = "int 0x80 and a plain iret"
_FAULT = "page fault and a plain iret"
_MAP = "update_va_mapping, no flush"
_SWITCH = "page directory and stack_switch"
_HOOK = "mmu_update of 1 entry"
# So often as Xen's trace has counted them in our guest: what a fault on memory takes, and
# another process. The native kernel's generic code has as many.
_FAULTS = "page faults"
_SWITCHES = "context switches"
# Where Xen emulates the TSC it does not vouch for it, and the vDSO makes a null call.
_NO_VDSO = "a system call where the TSC is emulated"
# A process has so many page tables to be hooked in and out at least: PTEs of its program,
# of where libraries are and of its stack, and the PMDs of these. The other two of PMDs
# can stay with the page directory, and all of them page tables.
_TABLES = 5
#: What a row asks of Xen at least: {row: {line of the floor: how often}}. What libraries
#: and kernels do differently is left out. Emulated readings of the TSC, which the
#: scheduler's clock is on all kernels, come to it as often as they were counted.
XEN_PART = {
    "null": {_CALL: 1},
    "null, int 0x80": {_INT80: 1},
    "read 1 byte": {_CALL: 1},
    "write 1 byte": {_CALL: 1},
    "stat": {_CALL: 1},
    "open, close": {_CALL: 2},
    "select, 10 fds": {_CALL: 1},
    "select, 100 fds": {_CALL: 1},
    "clock_gettime": {_NO_VDSO: 1},
    "signal install": {_CALL: 1},
    "signal delivery": {_CALL: 1, _INT80: 1},
    "protection fault": {_FAULT: 1, _INT80: 1},
    "page fault, anonymous": {_FAULT: 1, _MAP: 1},
    "page fault, file": {_FAULT: 1, "mmu_update of 16 entries": 1},
    "mmap, touch, unmap 64 pages": {_CALL: 2, _FAULT: 64, _MAP: 64,
                                    "mmu_update of 64 entries": 1},
    # fork, wait and exit; a fault copies a page or maps one.
    "fork, exit": {_CALL: 3, _FAULTS: 1, _HOOK: 2 * _TABLES, _SWITCHES: 1},
    # One more process in the place of the first one; sh execs what it is told.
    "fork, exec": {_CALL: 4, _FAULTS: 1, _HOOK: 4 * _TABLES, _SWITCHES: 1},
    "fork, sh": {_CALL: 5, _FAULTS: 1, _HOOK: 6 * _TABLES, _SWITCHES: 1},
    "thread create, join": {_CALL: 4, "stack_switch": 2},
    "pipe, there and back": {_CALL: 4, _SWITCHES: 1},
    "AF_UNIX, there and back": {_CALL: 4, _SWITCHES: 1},
    **{row: {_SWITCH: 1} for row in OPERATIONS if row.startswith("context switch")},
}

# {row: command}: programs of Debian's i386 packages, each at work for some seconds.
WHOLE = {
    "hackbench": "hackbench -P -g 2 -l 20",
    "compile": "for f in /work/*.i; do cc1 -quiet -O1 $f -o /dev/null || exit; done",
    "sqlite": "rm -f /tmp/db; sqlite3 /tmp/db 'create table t(a integer primary key, b text);"
              " insert into t with recursive n(i) as (select 1 union all select i + 1 from n"
              " where i < 20000) select i, hex(i * 7919) from n; create index x on t(b);"
              " update t set b = b || a where a % 3 = 0; select count(distinct b) from t;"
              " delete from t where a % 2; vacuum'",
    "gzip": "head -c 4000000 /bin/cc1 | gzip -c",
}

# xen/include/public/xen.h
HYPERCALLS = dict(enumerate(
    "set_trap_table mmu_update set_gdt stack_switch set_callbacks fpu_taskswitch"
    " sched_op_compat platform_op set_debugreg get_debugreg update_descriptor 11"
    " memory_op multicall update_va_mapping set_timer_op event_channel_op_compat"
    " xen_version console_io physdev_op_compat grant_table_op vm_assist"
    " update_va_mapping_otherdomain iret vcpu_op set_segment_base mmuext_op xsm_op"
    " nmi_op sched_op callback_op xenoprof_op event_channel_op physdev_op hvm_op"
    .split()))

# As tests/bench/floor.c has it.
FLOOR_ROUNDS = 1000

# For count(): at most so often, for Xen's trace buffer to hold it.
MOST = 1000


def with_xens_part(native, floor, counts):
    """{row: nanoseconds}: what the native kernel takes and what Xen does at least, from
    the native times, floor() and what Xen's trace has counted of our guest in each row.
    The trap of a native kernel is in it as one instruction; the code around it is ours
    or the native one's."""
    found = {}
    for row, parts in XEN_PART.items():
        if row not in native:
            continue
        count = counts[row]
        readings = count.get("emulated_privop", 0)
        each = {**floor, _FAULTS: count["page_fault"] * (floor[_FAULT] + floor[_MAP]),
                _SWITCHES: count.get("+stack_switch", 0) * floor[_SWITCH],
                # At least Xen's part of the call, where --only has left out the null one.
                _NO_VDSO: native.get("null", 0) + floor[_CALL] if readings else 0}
        found[row] = native[row] + readings * floor["rdtsc"] + sum(
            number * each[what] for what, number in parts.items())
    return found


def make_initrd():
    """The user space of all of them: 32-bit programs, whatever the kernel."""
    inside = {f"/bench/{name}": PROGRAMS / name for name in ("ops", "stopwatch")}
    for path in (USERLAND, *inside.values()):
        if not path.is_file():
            raise LabError(f"no {path}; run scripts/bench --prepare")
    data = unpacked(USERLAND) + cpio({name: path.read_bytes() for name, path in inside.items()})
    INITRD.parent.mkdir(parents=True, exist_ok=True)
    INITRD.write_bytes(data)
    return data


def make_work_initrd():
    """The same with WHOLE's programs."""
    data = make_initrd() + unpacked(WORKLOADS)
    WORK_INITRD.write_bytes(data)
    return data


def needed():
    """All operations, each once, those to take off included."""
    return list(dict.fromkeys(op for pair in OPERATIONS.values() for op in pair if op))


def rows(found):
    """{row: number} from {operation: number}."""
    return {row: found[op] - (found[minus] if minus else 0)
            for row, (op, minus) in OPERATIONS.items()
            if op in found and (not minus or minus in found)}


@contextmanager
def native(log, work=False):
    """The same tree and configuration on the bare machine."""
    make_work_initrd() if work else make_initrd()
    with Native(NATIVE_KERNEL, initrd=WORK_INITRD if work else INITRD, icount=True,
                memory=WORKLOAD_MEMORY if work else MEMORY, log=log,
                name="native-work" if work else "native") as machine:
        yield machine


def dom0_files(work):
    """For Dom0(files=...)."""
    return {"/guest/bench": make_initrd(), "/guest/kernel": KERNEL,
            **({"/guest/work": make_work_initrd()} if work else {}),
            "/guest/kernel64": AMD64_KERNEL,
            **{f"/bench/{name}": PROGRAMS / name
               for name in ("dom0-trace", "floor", "stopwatch")}}


@contextmanager
def dom0(hypervisor, log, work=False):
    """A dom0 on one CPU, its time and its guests' the number of instructions. With
    work, there is what guest(work=True) needs."""
    with Dom0(hypervisor, files=dom0_files(work), icount=True, log=log,
              dom0_mem=768 if work else 384) as machine:
        yield machine


def guest(machine, name, work=False, **keywords):
    """One of GUESTS, with the user space of all, and WHOLE's programs."""
    return machine.create(f"{name}-work" if work else name, kernel=GUESTS[name],
                          ramdisk="/guest/work" if work else "/guest/bench",
                          memory=WORKLOAD_MEMORY if work else MEMORY, **keywords)


def times(shell, operation, rounds):
    """Nanoseconds of one operation, once a round."""
    output = shell.check(f"/bench/ops {operation} {rounds}", 600)
    found = [int(word) / 1000 for word in output.split()]
    if len(found) != rounds:
        raise LabError(f"ops {operation} {rounds} says {output!r}")
    return found


def whole(shell, command, rounds):
    """Nanoseconds of a command of WHOLE, once a round, after one to warm up."""
    output = shell.check(f"cd /tmp && /bench/stopwatch run {rounds + 1} sh -c"
                         f" {shlex.quote(command)}", 1800)
    found = [int(word) for word in output.split()]
    if len(found) != rounds + 1:
        raise LabError(f"{command}: {output!r}")
    return found[1:]


def in_use(shell):
    """KiB of the memory it was given that a kernel and its user space take, at a
    shell, the kernel's own image included."""
    free = re.search(r"^MemFree: +(\d+) kB", shell.read("/proc/meminfo"), re.MULTILINE)
    return MEMORY * 1024 - int(free[1])


def to_init(machine, name):
    """Nanoseconds from `xl create` to the guest's process 1, without what lies
    between the domain's being there and the attachment to its console."""
    now = "$(/bench/stopwatch now)"
    config = f"/guest/{name}-init.cfg"
    machine.forget_console_log(f"{name}-init")
    machine.check(
        f"cat >{config} <<'EOF'\nname=\"{name}-init\"\nkernel=\"{GUESTS[name]}\"\n"
        f"ramdisk=\"/guest/bench\"\nmemory={MEMORY}\nvcpus=1\n"
        "extra=\"console=hvc0 quiet rdinit=/bench/stopwatch\"\nEOF")
    made, start = map(int, machine.check(
        f"a={now}; xl create -qp {config} && b={now} && c={now} &&"
        f" xl unpause {name}-init && echo $((b - a)) $c", 120).split())
    try:
        deadline = time.monotonic() + 120 * SCALE
        while not (found := re.search(r"^init at (\d+)",
                                      machine.guest_console_log(f"{name}-init"), re.MULTILINE)):
            if time.monotonic() > deadline:
                raise LabError(f"{name} has not started /init; see dom0's console log of it")
            time.sleep(0.5)
        return made + int(found[1]) - start
    finally:
        machine.check(f"xl destroy {name}-init")


def floor(machine):
    """{what: nanoseconds}: what Xen itself takes, by tests/bench/floor.c."""
    with machine.create("floor", kernel="/bench/floor", ramdisk=None, memory=32,
                        wait=False) as shell:
        end = shell.wait_for_end()
        lines = re.findall(r"^(.+)=(\d+)$", shell.log_text(), re.MULTILINE)
    if end != "poweroff" or not lines:
        raise LabError(f"the guest for the floor ends by {end}; see {shell.log}")
    return {what: int(number) / FLOOR_ROUNDS for what, number in lines}


class Counter:
    """Counts what a guest asks Xen for, by Xen's trace. Its dom0 has to be one of
    dom0(): ticks of the clock count, too, and there they come by instructions."""

    def __init__(self, machine, shell):
        self.dom0 = machine
        self.shell = shell
        self.lines = 0
        self.counts = {}
        for line in shell.check("/bench/ops list").splitlines():
            name, count = line.split()
            self.counts[name] = min(int(count), MOST)
        machine.check("(xentrace -D -S 1024 -e 0x22b000"
                      f" /proc/self/fd/1 | /bench/dom0-trace {shell.domid})"
                      " >/tmp/trace 2>/tmp/trace.errors &")
        # Until it has begun.
        deadline = time.monotonic() + 30 * SCALE
        while not self._lines():
            if time.monotonic() > deadline:
                raise LabError("no trace from Xen: " + machine.read("/tmp/trace.errors"))
            shell.check("/bench/ops nothing count 1")
            time.sleep(0.3)
        # Lines of others of these may still come, but before that of something else.
        shell.check("/bench/ops page-fault-anonymous count 100")
        machine.wait_until("grep -q 'page_fault=[1-9][0-9][0-9]' /tmp/trace")
        self.lines = len(self._lines())
        # What the marks themselves cost.
        self.marks = self._once("nothing", 1)

    def close(self):
        """Ends the trace. An xentrace that a signal meets while it writes ends without
        having Xen end it, too: Xen would go on, and have lost records by the next time."""
        self.dom0.check("kill $(pidof xentrace)")
        self.dom0.wait_until("! pidof xentrace")
        self.dom0.check("xentrace -D -T 1 /dev/null", 60)

    def _lines(self):
        return self.dom0.read("/tmp/trace").splitlines()

    def _once(self, operation, count):
        self.shell.check(f"/bench/ops {operation} count {count}", 120)
        deadline = time.monotonic() + 30 * SCALE
        while len(self._lines()) <= self.lines:
            if time.monotonic() > deadline:
                raise LabError(f"Xen's trace has no marks of {operation}: "
                               + self.dom0.read("/tmp/trace.errors"))
            time.sleep(0.1)
        *_, line = lines = self._lines()
        if len(lines) != self.lines + 1 or not re.fullmatch(r"(\w+=\d+ ?)+", line):
            raise LabError(f"dom0-trace says {lines[self.lines:]}")
        self.lines += 1
        return {name: int(value) for name, value in
                (word.split("=") for word in line.split())}

    def count(self, operation, count=None):
        """{what: how often an operation asks for it}. A name with a + is of a call
        within a multicall."""
        count = count or self.counts[operation]
        found = self._once(operation, count)
        result = {}
        for name in sorted(found.keys() | self.marks.keys()):
            number = (found.get(name, 0) - self.marks.get(name, 0)) / count
            result[readable(name)] = round(number, 3)
        return result


def readable(name):
    """hypercall23 is hypercall.iret, subcall3 +stack_switch."""
    match = re.fullmatch(r"(hypercall|subcall)(\d+)", name)
    if not match:
        return name
    prefix = {"hypercall": "hypercall.", "subcall": "+"}[match[1]]
    return prefix + HYPERCALLS.get(int(match[2]), match[2])


def hypercalls(counts):
    """How many hypercalls an operation makes, a multicall being one."""
    return sum(number for name, number in counts.items() if name.startswith("hypercall."))
