# SPDX-License-Identifier: GPL-2.0
# Sourced after common.sh: the kernel's make, for who has set $tree, $out,
# $make_args (an array) and $log. The same tree and configuration give the same bytes,
# whichever script calls it, so none builds again what another one has built.
# shellcheck shell=bash
: "${build:?source common.sh first}"
unset MAKEFLAGS MFLAGS MAKELEVEL # ours, not for the kernel's make
share_compiler_cache

# Debian's default, 14, does not compile any i386 kernel of these trees (mm/maccess.c:
# "invalid output size for constraint '=a'"), nor do 15 and 16.
case $compiler in
clang) compiler_args=(CC="$top/scripts/cached-cc clang-19") compiler_packages=(clang-19) ;;
llvm) compiler_args=(LLVM=-19 CC="$top/scripts/cached-cc clang-19")
      compiler_packages=(clang-19 lld-19 llvm-19) ;;
*) compiler_args=(CC="$top/scripts/cached-cc gcc") compiler_packages=() ;;
esac

# kmake ARGUMENT...: the kernel's make. Paths relative to the build folder, so
# that the compiler's cache serves every clone. The kernel takes the absolute
# path of its tree out of __FILE__, so the relative one has to be named, or two
# trees would give two kernels. The cache finds an object by the files it was made
# from (depend mode), not by its preprocessed text, which takes a third of the time.
kmake()
{
	KCPPFLAGS="-fmacro-prefix-map=$(realpath -m --relative-to="${out:?}" "${tree:?}")/=" \
		KBUILD_BUILD_TIMESTAMP='2025-01-01' KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=mach-xen KBUILD_BUILD_HOST=mach-xen \
		make -C "$tree" O="$out" "${make_args[@]}" "${compiler_args[@]}" "$@"
}

# failed WHAT: the log's first errors, then one line.
failed()
{
	grep -m 4 -E 'error:|Error:|undefined reference|No rule to make|\*\*\*' "${log:?}" >&2 || true
	die "$1 failed; all of it is in $log"
}

# kbuild WHAT TARGET...: make the targets with progress shown.
kbuild()
{
	local what=$1 total
	shift

	# The dry run ends where it needs an archive that is not there yet; by then
	# it has named every object of the kernel proper.
	total=$(kmake -nk "$@" 2>/dev/null | grep -cE "echo '  (CC|AS) " || true)
	kmake -j"${J:-$(nproc)}" "$@" 2>&1 |
		"$top/scripts/progress.py" --label "$progname: building $what" --unit objects \
			--total "$total" --pattern '^  (CC|AS) ' --log "$log" ||
		failed "the build of $what"
}
