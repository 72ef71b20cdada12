# SPDX-License-Identifier: GPL-2.0
# Sourced by the scripts of this folder: where things are, and one way each to
# fail, to need a package, to show progress and to put a result in its place.
# shellcheck shell=bash
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$top/build}
progname=$(basename "$0")
export LC_ALL=C

# Which Linux: its series, and the folder of what is built from it. Without TREE,
# LINUX's version decides, and without that it is the default.
chosen=6.12
series=$top/series
treebuild=$build
if [ -n "${TREE:-}${LINUX:-}" ]; then
	chosen=$("$top/scripts/whichtree.py" "$progname") || exit 1
	[ "$chosen" = 6.12 ] || {
		series=$top/series-$chosen
		treebuild=$build/$chosen
	}
fi

# die MESSAGE: one line naming the cause and the way out, exit status 1.
die()
{
	printf '%s: error: %s\n' "$progname" "$*" >&2
	exit 1
}

# say MESSAGE: one line of progress.
say()
{
	printf '%s: %s\n' "$progname" "$*"
}

# Which compiler of the kernel, and the folder of what it builds.
case ${CC:-}:${LLVM:-} in
: | gcc: | cc:) compiler=gcc ;;
clang:) compiler=clang ;;
*:1) compiler=llvm ;;
*) die "CC=${CC:-} LLVM=${LLVM:-} is no compiler the stack is built with; say CC=gcc, CC=clang or LLVM=1" ;;
esac
[ "$compiler" = gcc ] || treebuild=$treebuild/$compiler

# Which Xen: the suite that it is taken from, none for this machine's own, and the
# folder of what is made of it, hypervisors and dom0.
case ${XEN:-4.17} in
4.17) xen_suite='' xenbuild=$build ;;
4.20) xen_suite=trixie xenbuild=$build/xen-$XEN ;;
*) die "XEN=$XEN is no Xen the lab has; say XEN=4.17 or XEN=4.20" ;;
esac

# usage_from_header: print the comment block below the SPDX line of the
# calling script. That block is the script's documentation, once.
usage_from_header()
{
	sed -n '3,/^[^#]/{/^#/!q;/^# shellcheck /q;s/^# \{0,1\}//;p}' "$0"
}

# need_packages PACKAGE...: every package installed on return. Root gets them
# installed; anybody else gets one line naming them.
need_packages()
{
	local p missing=()

	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null |
			grep -q '^.i' || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] ||
		die "packages missing: ${missing[*]}; as root: apt-get install ${missing[*]}"
	say "installing ${missing[*]}"
	mkdir -p "$build/logs"
	apt_lists_once
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
		--no-install-recommends "${missing[@]}" \
		>>"$build/logs/apt.log" 2>&1 </dev/null ||
		die "apt-get install ${missing[*]} failed; see ${build#"$PWD"/}/logs/apt.log"
}

# apt_lists_once: package lists fetched when there are none, or none from today.
apt_lists_once()
{
	if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' \
		-mtime -1 -print -quit 2>/dev/null)" ]; then
		apt-get update -q >>"$build/logs/apt.log" 2>&1 </dev/null ||
			die "apt-get update failed; see ${build#"$PWD"/}/logs/apt.log"
	fi
}

# need_space MEBIBYTES DIRECTORY: refuse before starting what cannot end well.
need_space()
{
	local free

	mkdir -p "$2"
	free=$(($(stat -f -c '%a * %S' "$2") / 1048576))
	[ "$free" -ge "$1" ] ||
		die "$2 has $free MiB free and $1 MiB are needed; free some space or set BUILD=<dir> elsewhere"
}

# share_compiler_cache: what gets built in the build folder by way of cached-cc finds
# what another clone has built of the same text; an object is looked for by the files
# it was made from.
share_compiler_cache()
{
	export CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
}

# fresh RESULT STAMP: true when RESULT exists and was made from what STAMP
# says. Pair with stamp(), called last: an interrupted run leaves no stamp.
fresh()
{
	[ -e "$1" ] && [ -f "$1.stamp" ] && [ "$(cat "$1.stamp")" = "$2" ]
}

# stamp RESULT STAMP
stamp()
{
	printf '%s\n' "$2" >"$1.stamp.new"
	mv "$1.stamp.new" "$1.stamp"
}

# one_at_a_time NAME: at most one such script at work in this build folder.
one_at_a_time()
{
	mkdir -p "$build"
	exec 9>"$build/.lock-$1"
	flock -n 9 || {
		say "waiting for another run of $1"
		flock 9
	}
}
