# SPDX-License-Identifier: GPL-2.0
# Sourced after common.sh: Debian packages fetched and unpacked into the build
# folder, also those of another suite, of another architecture or in source
# form, and packed into archives. Nothing gets installed, so no hook runs; the
# machine's own apt configuration is read for its archive's address and is never
# changed.
# shellcheck shell=bash source-path=SCRIPTDIR
: "${build:?source common.sh first}"

# fetch_debs DIRECTORY [-c APT_CONF] PACKAGE...: DIRECTORY holds the newest .deb
# of each PACKAGE, and no other. Already fetched files are kept by apt-get.
fetch_debs()
{
	local dir=$1
	shift
	mkdir -p "$dir" "$build/logs"
	apt_lists_once
	# As the caller, not as _apt, who cannot write into a home directory.
	(cd "$dir" && apt-get -o APT::Sandbox::User="$(id -un)" "$@") \
		>>"$build/logs/apt.log" 2>&1 </dev/null ||
		die "apt-get $* failed; see ${build#"$PWD"/}/logs/apt.log, then try again"
}

# deb_versions [-c APT_CONF] PACKAGE...: "package=version ..." of what
# fetch_debs would fetch; what a stamp is made of.
deb_versions()
{
	local opt=()

	[ "$1" != -c ] || {
		opt=(-c "$2")
		shift 2
	}
	apt_lists_once
	apt-cache "${opt[@]}" show --no-all-versions "$@" 2>/dev/null |
		awk '/^Package:/ { p = $2 } /^Version:/ { printf "%s=%s ", p, $2 }' ||
		die "apt knows no package $*; remove ${build#"$PWD"/}/apt, run apt-get update, then try again"
}

# with_dependencies [-c APT_CONF] PACKAGE...: these packages and all they depend
# on, a line each.
with_dependencies()
{
	apt_lists_once
	apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$@" | grep '^[a-z]' | sort -u
}

# source_version PACKAGE: "package=version" of the newest source of it that the
# apt_private sources of type deb-src have.
source_version()
{
	apt-cache -c "$apt_conf" showsrc --only-source "$1" |
		awk -v name="$1" '/^Version:/ { printf "%s=%s ", name, $2 }'
}

# fetch_source PACKAGE DIRECTORY LOG [WAY_OUT]: that source, unpacked to
# DIRECTORY/PACKAGE. An archive can name in its lists what it does not have.
fetch_source()
{
	local said

	said=$(fetch_debs "$2" -c "$apt_conf" source --download-only "$1" 2>&1) || {
		! tail -n 5 "$build/logs/apt.log" | grep -q ' 404 ' ||
			die "the archive does not have the source $(source_version "$1")that its own lists name (404); try again another day${4:+, or $4}"
		printf '%s\n' "$said" >&2
		exit 1
	}
	# apt-get has checked the files against the signed lists.
	dpkg-source --no-check -x "$2/$1"_*.dsc "$2/$1" >"$3" 2>&1 ||
		die "cannot unpack the source package $1; see ${3#"$PWD"/}"
}

# unpack_deb DEB DIRECTORY [PATTERN...]: the whole package, or only the files
# matching one of the tar PATTERNs.
unpack_deb()
{
	local deb=$1 dir=$2
	shift 2
	mkdir -p "$dir"
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x --no-same-owner -C "$dir" ${1:+--wildcards "$@"} ||
		die "cannot unpack $deb; remove it and try again"
}

# this_suite: the suite that the machine itself is of.
this_suite()
{
	# shellcheck source=/dev/null
	(. /etc/os-release && echo "$VERSION_CODENAME")
}

# apt_archive SUITE: the address this machine itself uses for a suite like it,
# the -security archive for a -security suite. apt is asked, because it reads
# .list and .sources files alike.
apt_archive()
{
	local like

	like=$(this_suite)
	case $1 in *-security) like=$like-security ;; esac
	apt_lists_once
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		"Codename: $like" 'Component: main' | sort -u | sed -n 1p
}

# apt_private NAME TYPE SUITE [ARCH]: sets $apt_conf, for `apt-get -c`, to a
# configuration that knows SUITE's main component alone. TYPE is deb or deb-src.
apt_private()
{
	local dir=$build/apt/$1 type=$2 suite=$3 arch=${4:-} uri made

	mkdir -p "$build/logs"
	[ -n "$arch" ] || arch=$(dpkg --print-architecture)
	uri=$(apt_archive "$suite")
	[ -n "$uri" ] ||
		die "apt's sources name no archive for ${suite#*-}; add Debian's main component to /etc/apt/sources.list.d and run apt-get update"
	apt_conf=$dir/apt.conf
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	echo "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=$arch] $uri $suite main" \
		>"$dir/sources.list"
	# The update hooks are the system's business. The sandbox user could not
	# write into somebody's home directory.
	cat >"$apt_conf" <<-CONF
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "-";
		APT::Architecture "$arch";
		#clear APT::Architectures;
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		Acquire::Retries "3";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	CONF
	# Lists of yesterday, or of another configuration, will not do.
	made=$(cat "$dir/sources.list" "$apt_conf" | sha256sum)
	if [ "$(cat "$dir/updated" 2>/dev/null)" = "$made" ] &&
		[ -n "$(find "$dir/updated" -mtime -1)" ]; then
		return 0
	fi
	rm -f "$dir/updated"
	say "fetching the package lists of $suite ($type $arch)"
	apt-get -c "$apt_conf" update >>"$build/logs/apt.log" 2>&1 </dev/null ||
		die "apt-get update for $suite failed; see $build/logs/apt.log, then try again"
	echo "$made" >"$dir/updated"
}

# add_libraries ROOT PARTS: into ROOT/usr/lib every shared library its programs
# name, and those the libraries name in turn, from PARTS. libgcc_s is loaded by
# name when a thread gets cancelled.
add_libraries()
{
	local root=$1 parts=$2 added=1 lib file

	mkdir -p "$root/usr/lib"
	while [ "$added" = 1 ]; do
		added=0
		for lib in $(_needed "$root"); do
			[ ! -e "$root/usr/lib/$lib" ] || continue
			file=$(find "$parts" -name "$lib" -print -quit)
			[ -n "$file" ] ||
				die "no package fetched has $lib; name the one that has in scripts/$progname"
			cp -L "$file" "$root/usr/lib/$lib"
			added=1
		done
	done
}

_needed()
{
	find "$1" -type f -exec readelf -d {} + 2>/dev/null |
		sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
	echo libgcc_s.so.1
}

# pack_initramfs ROOT RESULT: what is in ROOT as an initramfs.
pack_initramfs()
{
	(cd "$1" && find . -print0 | sort -z |
		cpio --null -o -H newc --owner=0:0 --reproducible --quiet) |
		gzip -n -6 >"$2"
}

# xen_packages: sets $xen_apt, for apt-get and apt-cache, so that they know the packages
# of the suite that Xen is taken from.
xen_packages()
{
	xen_apt=()
	if [ -n "$xen_suite" ]; then
		apt_private "$xen_suite" deb "$xen_suite" amd64
		xen_apt=(-c "$apt_conf")
	else
		apt_lists_once
	fi
}
