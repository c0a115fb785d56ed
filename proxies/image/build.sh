#!/bin/sh
# Builds the image of the test proxies, unless the image of this very recipe is
# there already. The tag is the hash of the recipe (Dockerfile and this script),
# so a changed recipe makes a new image and an unchanged one costs nothing.
#
#   build.sh          build if missing, print the name
#   build.sh --name   print the name only
#
# COUNTERSIGN_PROXY_IMAGE names another image; COUNTERSIGN_PROXY_BASE another
# Debian base, which must be there or be pullable.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
hash=$(cat "$here/Dockerfile" "$here/build.sh" | sha256sum | cut -c1-12)
image=${COUNTERSIGN_PROXY_IMAGE:-countersign-proxies:$hash}
base=${COUNTERSIGN_PROXY_BASE:-debian:bookworm-slim}
made=countersign-debian:bookworm

say() { echo "images: $*" >&2; }
die() { say "$*"; exit 1; }
have() { docker image inspect "$1" >/dev/null 2>&1; }

if [ "${1:-}" = --name ]; then
	echo "$image"
	exit 0
fi
command -v docker >/dev/null 2>&1 || die "no docker command; install docker.io, or run the proxies as processes (apt-get install nginx-light apache2)"
docker version >/dev/null 2>&1 || die "no Docker engine answers (docker version says why); start it, or run the proxies as processes (apt-get install nginx-light apache2)"
if have "$image"; then
	say "$image is there"
	echo "$image"
	exit 0
fi

# The base: what is there, else what a registry gives, else what Debian's
# archive gives.
if ! have "$base" && ! timeout 120 docker pull --quiet "$base" >/dev/null 2>&1; then
	if ! have "$made"; then
		if ! command -v mmdebstrap >/dev/null 2>&1; then
			[ "$(id -u)" = 0 ] || die "no registry gives $base and mmdebstrap is missing; as root: apt-get install mmdebstrap"
			say "no registry gives $base; installing mmdebstrap"
			apt-get update -qq && apt-get install -y -qq --no-install-recommends mmdebstrap >/dev/null
		fi
		say "no registry gives $base; making $made from Debian's archive"
		work=$(mktemp -d)
		trap 'rm -rf "$work"' EXIT
		mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$work/root.tar"
		docker import "$work/root.tar" "$made" >/dev/null
	fi
	base=$made
fi

# Host networking for the build: the archive is then reached in the same way as
# from this machine, also where the engine's bridge has no way out.
say "building $image on $base"
docker build --quiet --network host --build-arg "BASE=$base" --tag "$image" "$here" >"${log:=$(mktemp)}" 2>&1 || {
	cat "$log" >&2
	die "the build failed; its log is above"
}
rm -f "$log"
have "$image" || die "the build ended without $image"
echo "$image"
