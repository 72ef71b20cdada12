# SPDX-License-Identifier: GPL-2.0
# Sourced after apt.sh by who compiles for arm64. Debian's cross compilers and
# gcc-multilib, by which the lab's i386 programs are made, exclude each other as
# packages: installing one would take the other from the machine. So the compiler
# alone is unpacked into the build folder; its assembler and linker have no quarrel.
# shellcheck shell=bash
: "${build:?source common.sh first}"

# need_arm64_compiler: sets $arm64_cc, for make's CC beside
# CROSS_COMPILE=aarch64-linux-gnu-, to a compiler of the version that gcc has.
need_arm64_compiler()
{
	local dir=$build/arm64-compiler log=$build/logs/arm64-compiler.log
	local version packages what deb

	need_packages gcc binutils-aarch64-linux-gnu
	version=$(gcc -dumpversion)
	packages=("gcc-$version-aarch64-linux-gnu" "cpp-$version-aarch64-linux-gnu"
		"libgcc-$version-dev-arm64-cross")
	# gcc looks for the rest of itself from where it is, and for an assembler in PATH.
	arm64_cc="$dir/usr/bin/aarch64-linux-gnu-gcc-$version -B/usr/bin/aarch64-linux-gnu-"
	what=$(deb_versions "${packages[@]}")
	! fresh "$dir" "$what" || return 0
	say "fetching the compiler for arm64"
	rm -rf "$dir" "$dir.stamp"
	fetch_debs "$dir/packages" download "${packages[@]}"
	for deb in "$dir"/packages/*.deb; do
		unpack_deb "$deb" "$dir"
	done
	# shellcheck disable=SC2086 # of several words
	echo 'int i;' | $arm64_cc -c -x c - -o "$dir/probe.o" >"$log" 2>&1 ||
		die "the compiler for arm64 does not compile; see ${log#"$PWD"/}"
	rm -r "$dir/packages" "$dir/probe.o"
	stamp "$dir" "$what"
}
