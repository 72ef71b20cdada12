# SPDX-License-Identifier: GPL-2.0
# Sourced after common.sh by who runs i386 programs on this machine.
# shellcheck shell=bash
: "${build:?source common.sh first}"

binfmt=/proc/sys/fs/binfmt_misc
format=$binfmt/mach-xen-$$

# i386_programs_run: this machine's kernel takes them.
i386_programs_run()
{
	local probe=$build/i386-probe

	[ -x "$probe" ] || {
		need_packages gcc-multilib
		gcc -m32 -static -nostdlib -x c -o "$probe" - >>"$build/logs/i386-probe.log" 2>&1 <<-'END' ||
			void _start(void) { asm("int $0x80" : : "a" (1), "b" (0)); }
		END
			die "gcc -m32 does not link; see $build/logs/i386-probe.log"
	}
	"$probe" 2>/dev/null
}

# i386_emulated: it is QEMU that runs them, since need_i386_programs().
i386_emulated()
{
	[ -e "$format" ]
}

# need_i386_programs: they run on return. A kernel without IA32 emulation, or with
# it switched off, has QEMU's user emulation do it until this script ends.
need_i386_programs()
{
	local magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00'
	local mask='\xff\xff\xff\xff\xff\xfe\xfe\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
	local remedy="boot it with ia32_emulation=on, or take another machine"

	! i386_programs_run || return 0
	need_packages qemu-user-static
	[ -e "$binfmt/register" ] ||
		mount -t binfmt_misc binfmt_misc "$binfmt" 2>/dev/null ||
		die "this machine's kernel runs no i386 programs and has no binfmt_misc; $remedy"
	trap '! i386_emulated || echo -1 >"$format"' EXIT
	# F: QEMU is found wherever the program's root is.
	printf ':%s:M::%s:%s:/usr/bin/qemu-i386-static:F' "${format##*/}" "$magic" "$mask" \
		>"$binfmt/register" 2>/dev/null || true
	i386_programs_run ||
		die "this machine's kernel runs no i386 programs, and does not let QEMU do it; $remedy"
	say "i386 programs run in QEMU: this machine's kernel does not take them"
}
