# SPDX-License-Identifier: GPL-2.0
"""Backtraces of an i386 kernel without debug information, by its frame pointers:

    gdb -x scripts/gdb-frames.py build/kernel/vmlinux guest.core

gdb reads the first instructions of a function to find out where its caller is, and
those of a kernel that can trace functions begin with a call. The kernel has
CONFIG_UNWINDER_FRAME_POINTER: %ebp is the address of the caller's %ebp, the return
address above it; or that of a struct pt_regs, without its highest bit
(ENCODE_FRAME_POINTER in arch/x86/entry/entry_32.S). gdb itself gives up where a
softirq's stack is above the one that it interrupted ("inner to this frame").
"""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

PAGE_OFFSET = 0xC0000000
HIGHEST_BIT = 1 << 31
# In struct pt_regs of arch/x86/include/asm/ptrace.h.
BP, IP, CS, SP = 20, 48, 52, 60
USER_RPL = 3


class FrameId:
    """What tells a frame from all others."""

    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


def word(address):
    """What memory has there."""
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 4).tobytes(), "little")


def caller(sp, bp):
    """(pc, sp, bp) of who called, with pc 0 at the end; gdb.MemoryError where the
    stack is none."""
    if not bp:
        return 0, sp, 0
    if not bp & HIGHEST_BIT:
        regs = bp | HIGHEST_BIT
        if word(regs + CS) & USER_RPL == USER_RPL:
            return 0, sp, 0
        return word(regs + IP), word(regs + SP), word(regs + BP)
    return word(bp + 4), bp + 8, word(bp)


class FramePointers(Unwinder):
    """Of the kernel's part of memory; gdb knows about programs."""

    def __init__(self):
        super().__init__("i386-kernel-frame-pointers")

    def __call__(self, pending_frame):
        pc, sp, bp = (int(pending_frame.read_register(name)) & 0xFFFFFFFF
                      for name in ("eip", "esp", "ebp"))
        if pc < PAGE_OFFSET:
            return None
        try:
            found = caller(sp, bp)
        except gdb.MemoryError:
            found = 0, sp, 0
        info = pending_frame.create_unwind_info(FrameId(gdb.Value(sp), gdb.Value(pc)))
        for name, value in zip(("eip", "esp", "ebp"), found):
            info.add_saved_register(name, gdb.Value(
                value.to_bytes(4, "little"), pending_frame.read_register(name).type))
        return info


register_unwinder(None, FramePointers(), replace=True)
