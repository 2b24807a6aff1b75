#!/bin/sh
# One package of somebody else's repository, as a node's list has it. node.sh reads this file once it lies on the node: its own text has a limit.
apt() {
	apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends --allow-change-held-packages "$@"
}
package() { # name version repository suite component key fingerprint
	found=$(dpkg-query -s "$1" 2>/dev/null | awk '$1 == "Status:" { state = $4 } $1 == "Version:" { print state, $2 }') || found=''
	[ "$found" != "installed $2" ] || return 0
	python3 /usr/local/lib/ensemble/repository.py "$@" || fail 1 "$3 is no source of packages yet"
	dpkg --configure -a
	# What it depends on, a Debian image has; where not, Debian is asked.
	quietly apt install "$1=$2" || { apt update && quietly apt install "$1=$2"; } || fail 1 "$1 $2 was not installed"
	apt-mark hold -qq "$1"
	mask "$1"
}
