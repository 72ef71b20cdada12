# SPDX-License-Identifier: GPL-2.0
# Sourced by the lab's scripts after common.sh: Debian packages fetched and
# unpacked into the build folder. Nothing gets installed, so no hook runs and
# the machine's own package state stays as it was.
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
		awk '/^Package:/ { p = $2 } /^Version:/ { printf "%s=%s ", p, $2 }'
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

# private_apt NAME TYPE ARCH: sets $apt_conf to an apt configuration with lists,
# cache and sources of its own, for `deb` or `deb-src` of this Debian release's
# main suite and one architecture. The URI is the one the machine itself uses,
# asked from apt, which reads .list and .sources files alike.
private_apt()
{
	local name=$1 type=$2 arch=$3 dir uri codename

	dir=$build/apt/$name
	apt_conf=$dir/apt.conf
	apt_lists_once
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016 # apt-get replaces $(REPO_URI)
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		"Codename: $codename" 'Component: main' | sort -u | head -n 1)
	[ -n "$uri" ] ||
		die "no Debian $codename/main in apt's sources; add it to /etc/apt/sources.list.d and run apt-get update"

	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	echo "$type [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg arch=$arch] $uri $codename main" \
		>"$dir/sources.list.new"
	# The update hooks are for the system's lists, not for these.
	cat >"$apt_conf" <<-CONF
		Dir::State "$dir/state";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "-";
		APT::Architecture "$arch";
		#clear APT::Architectures;
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "$(id -un)";
		Acquire::Languages "none";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	CONF
	if cmp -s "$dir/sources.list.new" "$dir/sources.list" &&
		[ -n "$(find "$dir/updated" -mtime -1 2>/dev/null)" ]; then
		return
	fi
	mv "$dir/sources.list.new" "$dir/sources.list"
	say "fetching the package lists ($type $arch)"
	mkdir -p "$build/logs"
	apt-get -c "$apt_conf" update >>"$build/logs/apt.log" 2>&1 </dev/null ||
		die "apt-get update ($type $arch) failed; see ${build#"$PWD"/}/logs/apt.log, then try again"
	touch "$dir/updated"
}
