#!/bin/sh
# Makes this Debian machine a node of an Ensemble environment, and keeps it one. The same for every node, environment and cloud; what differs is a list in
# the environment's bucket (contracts/node-list.ts). A run may end at any line: the next one goes on from what is there.
#   ensemble-node           installs itself (as user-data, at a machine's first start)
#   ensemble-node boot      at each start: apply, then start the services
#   ensemble-node apply     fetches and puts in place what the list says; starts and restarts nothing
#   ensemble-node report    says what runs, with which settings
# Exit status 78: a person is needed; 1: another try may do.
set -eu
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
self=/usr/local/sbin/ensemble-node
state=/var/lib/ensemble-node
run=/run/ensemble-node
apt='apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold --no-install-recommends'

say() { printf 'ensemble-node: %s\n' "$*"; }
fail() {
	status=$1
	shift
	say "$*" >&2
	printf '%s\n' "$*" >"$state/fault" || true
	exit "$status"
}
py() { python3 "$run/node.py" "$@"; }

# Which cloud this is, and which node. /etc/ensemble/node.conf may say so, where there is no cloud to ask.
about() {
	cloud=aws node='' volumes='' zone='' region='' secrets=''
	E_IMDS=http://169.254.169.254 E_ENDPOINT='' E_SOURCE=''
	# shellcheck source=/dev/null
	[ ! -r /etc/ensemble/node.conf ] || . /etc/ensemble/node.conf
	export E_IMDS E_ENDPOINT
	case $cloud in
	aws)
		why='the metadata service does not say which node this is (tags in instance metadata)'
		node=$(py meta tags/instance/ensemble-node) || fail 1 "$why"
		bucket=$(py meta tags/instance/ensemble-bucket) || fail 1 "$why"
		zone=$(py meta placement/availability-zone) || fail 1 "$why"
		region=$(py meta placement/region) || fail 1 "$why"
		volumes=$(py meta tags/instance/ensemble-volumes 2>/dev/null) || volumes=''
		E_SOURCE=s3://$bucket
		secrets="{\"kind\":\"aws\",\"region\":\"$region\"}"
		;;
	hosts) secrets="{\"kind\":\"folder\",\"path\":\"$secrets\"}" ;;
	*) fail 78 "this script does not know the cloud $cloud" ;;
	esac
	export E_SOURCE E_REGION="$region"
	case $node in '' | *[!a-z0-9-]*) fail 78 "'$node' is no node's name" ;; esac
}

# The disk of the volume that the cloud calls $1, once it is attached: it shows that id as its serial number.
device_of() {
	case $cloud in
	aws)
		for serial in /sys/block/*/device/serial; do
			[ "$(tr -d ' ' <"$serial" 2>/dev/null)" = "$(printf %s "$1" | tr -d -)" ] || continue
			disk=${serial#/sys/block/}
			echo "/dev/${disk%%/*}"
		done
		;;
	*) echo "$1" ;;
	esac
}

lines() { # of one kind in the list, without that word
	sed -n "s/^$1 //p" "$list"
}

account() { # name number
	if found=$(id -u "$1" 2>/dev/null); then
		[ "$found" = "$2" ] || fail 78 "the user $1 has the number $found here, and $2 on its volumes"
		return 0
	fi
	getent group "$1" >/dev/null || groupadd --gid "$2" "$1"
	useradd --uid "$2" --gid "$2" --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
}

# Without the services that packages start by themselves, which ours stand in the place of.
quietly() {
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
	dpkg --configure -a
	code=0
	$apt "$@" || { $apt update && $apt "$@"; } || code=$?
	rm /usr/sbin/policy-rc.d
	return "$code"
}
mask() { # units that these packages brought
	dpkg -L "$@" | sed -n 's#^.*/systemd/system/\([^/@]*\.service\)$#\1#p' | xargs -r systemctl -q mask
}

archive() { # name sha256 form key folder
	if [ ! -d "$5" ]; then
		file=$state/archives/$2
		printf '%s %s %s\n' "$2" "$4" "$file" | py fetch || fail 1 "$4 is not to be had"
		rm -rf "$5.part"
		mkdir -p "$5.part"
		case $3 in
		deb) cp "$file" "$5.part/$1.deb" ;;
		program)
			if tar -tf "$file" >/dev/null 2>&1; then
				mkdir "$5.part/all"
				tar -xf "$file" -C "$5.part/all"
				mv "$(find "$5.part/all" -type f -name "$1" | head -n 1)" "$5.part/$1" || fail 78 "$4 holds no $1"
			else cp "$file" "$5.part/$1"; fi
			chmod 755 "$5.part/$1"
			;;
		*) tar -xf "$file" -C "$5.part" --no-same-owner ;;
		esac
		chmod -R u+rwX,go+rX,go-w "$5.part"
		sync
		mv "$5.part" "$5"
		rm "$file"
	fi
	[ ! -e "$5/.installed" ] || return 0
	case $3 in
	deb)
		rm -f /usr/sbin/policy-rc.d
		dpkg --configure -a
		$apt install "$5/$1.deb" || fail 1 "$1 was not installed"
		;;
	debs)
		quietly install "$5"/*.deb || fail 1 "$1 was not installed"
		for deb in "$5"/*.deb; do mask "$(dpkg-deb -f "$deb" Package)"; done
		;;
	esac
	: >"$5/.installed"
}

package() { # name version repository suite component key fingerprint
	[ "$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null)" != "installed $2" ] || return 0
	python3 /usr/local/lib/ensemble/repository.py "$@" || fail 1 "$3 is no source of packages yet"
	quietly --allow-change-held-packages --allow-downgrades install "$1=$2" || fail 1 "$1 $2 was not installed"
	apt-mark hold -qq "$1"
	mask "$1"
}

volume() { # name read-ahead mount
	mkdir -p "$3"
	id=$(printf '%s\n' "$volumes" | tr , '\n' | sed -n "s/^$1=//p")
	# A host may keep a volume in a plain folder.
	if [ "$cloud" != hosts ] || [ -n "$id" ]; then
		waited=0
		while device=$(device_of "$id") && [ ! -b "$device" ]; do
			[ "$waited" -lt "$E_WAIT" ] || fail 1 "volume $1 ($id) is not attached"
			[ $((waited % 60)) -ne 0 ] || say "waits for volume $1 ($id) to be attached"
			sleep 5
			waited=$((waited + 5))
		done
		# Nothing that any tool knows, and nothing but zeros; or a format of ours that was cut off.
		code=0
		blkid -p "$device" >/dev/null 2>&1 || code=$?
		begun=$state/formatting-$id
		if [ -e "$begun" ] || { [ "$code" -eq 2 ] && cmp -s -n 4194304 /dev/zero "$device"; }; then
			: >"$begun"
			sync
			say "formats $device, volume $1, on which nothing is"
			mkfs.xfs -q -f "$device" || fail 1 "$device was not formatted"
			sync
			rm "$begun"
		fi
		type=$(blkid -p -o value -s TYPE "$device") || type=''
		uuid=$(blkid -p -o value -s UUID "$device") || uuid=''
		case $type/$uuid in
		/* | */) fail 78 "$device, volume $1, is neither empty nor a file system: nothing was touched" ;;
		esac
		entry="UUID=$uuid $3 $type noatime,nofail 0 0"
		if ! grep -qxF "$entry" /etc/fstab; then
			{ awk -v mount="$3" '$2 != mount' /etc/fstab && printf '%s\n' "$entry"; } >/etc/fstab.ensemble
			mv /etc/fstab.ensemble /etc/fstab
			systemctl daemon-reload
		fi
		mountpoint -q "$3" || mount "$3"
		[ "$(findmnt -n -o UUID "$3")" = "$uuid" ] || fail 78 "another disk than $device is mounted at $3"
		[ "$type" != xfs ] || xfs_growfs "$3" >/dev/null
		[ "$2" = - ] || blockdev --setra "$2" "$device"
	fi
	mark="$environment/$node/$1"
	rm -f "$3/.ensemble.new"
	if [ ! -e "$3/.ensemble" ]; then
		[ -z "$(find "$3" -mindepth 1 -maxdepth 1 ! -name lost+found)" ] || fail 78 "volume $1 holds files of somebody else: nothing was touched"
		printf '%s\n' "$mark" >"$3/.ensemble.new"
		sync
		mv "$3/.ensemble.new" "$3/.ensemble"
	fi
	[ "$(head -n 1 "$3/.ensemble")" = "$mark" ] || fail 78 "volume $1 belongs to $(head -n 1 "$3/.ensemble"), not to $mark"
}

folder() { # mode owner path: made once; one that vanished from its volume took data with it
	if [ ! -d "$3" ]; then
		lines volume >"$run/volumes"
		while read -r _ _ path; do
			case $3 in "$path"/*) mount=$path ;; esac
		done <"$run/volumes"
		! grep -qxF "$3" "$mount/.ensemble" || fail 78 "$3 was on its volume and is gone"
		mkdir -m "$1" "$3"
		chown "$2:$2" "$3"
		printf '%s\n' "$3" >>"$mount/.ensemble"
	fi
}

file() { # sha256 mode owner key path
	if [ "$(stat -c '%#a %U' "$5" 2>/dev/null)" = "$2 $3" ] && [ "$(sha256sum <"$5")" = "$1  -" ]; then return 0; fi
	mkdir -p "${5%/*}"
	beside="${5%/*}/.${5##*/}.ensemble"
	cp "$state/objects/$1" "$beside"
	chown "$3:$3" "$beside"
	chmod "$2" "$beside"
	mv "$beside" "$5"
	echo "$5" >>"$run/changed"
}

folder_of() { # the archive $1
	lines archive | awk -v name="$1" '$1 == name { print $5 }'
}

apply() {
	about
	list=$state/list.next
	: >"$run/changed"
	printf '%s\n' "- nodes/$node/list $list" | py fetch || fail 1 "the list of $node is not to be had"
	head=$(head -n 1 "$list")
	[ "$head" = 'ensemble-node-list 1' ] || fail 78 "the list begins with '$head', and this script follows version 1: replace this machine, or its $self"
	[ "$(tail -n 1 "$list")/$(lines node)" = "end/$node" ] || fail 1 "the list is not that of $node"
	environment=$(lines environment)

	lines account >"$run/lines"
	while read -r a b; do account "$a" "$b"; done <"$run/lines"
	lines archive >"$run/lines"
	while read -r a b c d e; do archive "$a" "$b" "$c" "$d" "$e" </dev/null; done <"$run/lines"
	# All of them before any is put into its place.
	sed -n -E "s#^(file|late) ([^ ]+) [^ ]+ [^ ]+ ([^ ]+) .*#\2 \3 $state/objects/\2#p" "$list" | py fetch || fail 1 'not every file is to be had'
	lines volume >"$run/lines"
	while read -r a b c; do volume "$a" "$b" "$c" </dev/null; done <"$run/lines"
	lines folder >"$run/lines"
	while read -r a b c; do folder "$a" "$b" "$c"; done <"$run/lines"
	lines file >"$run/lines"
	while read -r a b c d e; do file "$a" "$b" "$c" "$d" "$e"; done <"$run/lines"
	lines package >"$run/lines"
	while read -r a b c d e f g; do package "$a" "$b" "$c" "$d" "$e" "$f" "$g" </dev/null; done <"$run/lines"
	if grep -q '^late ' "$list"; then
		printf '{"list":"%s","objects":"%s","secrets":%s,"facts":{"zone":"%s"},"waitMs":%s}' \
			"$list" "$state/objects" "$secrets" "$zone" "$((E_WAIT * 1000))" >"$run/fill.json"
		AWS_EC2_METADATA_SERVICE_ENDPOINT=$E_IMDS "$(folder_of node)/package/bin/node" "$(folder_of fill)/fill.mjs" \
			--config "$run/fill.json" || fail 1 'not every file could be completed'
	fi
	# What the list of before named, and this one does not.
	if [ -e "$state/list" ]; then
		sed -n -E 's/^(file|late) .* //p' "$list" | sort >"$run/lines"
		sed -n -E 's/^(file|late) .* //p' "$state/list" | sort | comm -23 - "$run/lines" | xargs -r rm -f
	fi
	mv "$list" "$state/list"
	for object in "$state/objects"/*; do grep -qF "${object##*/}" "$state/list" || rm -f "$object"; done
	rm -f "$state/fault"
	sysctl -q -p /etc/sysctl.d/60-ensemble.conf
	[ ! -e /etc/tmpfiles.d/ensemble.conf ] || systemd-tmpfiles --create /etc/tmpfiles.d/ensemble.conf
	systemctl daemon-reload
	! grep -q journald "$run/changed" || systemctl restart systemd-journald
	say "$node is as its list says"
}

boot() {
	# Who has run before does not wait long for a bucket that does not answer.
	[ ! -e "$state/list" ] || export E_WAIT=60
	# A process of its own: what fails in it ends it.
	code=0
	"$self" fetch || code=$?
	[ "$code" -eq 0 ] || [ "$code" -eq 1 ] && [ -e "$state/list" ] || exit "$code"
	[ "$code" -eq 0 ] || say 'goes on with what was fetched before'
	list=$state/list
	for unit in $(lines service | awk '{ print $2 }') $(lines job); do
		systemctl reset-failed "$unit" 2>/dev/null || true
		systemctl start --no-block "$unit"
	done
	"$self" report 600 || say 'the report was not put'
	exit "$code"
}

export E_WAIT="${E_WAIT-900}"
mkdir -p "$run/started" "$state/archives" "$state/objects"
chmod 700 "$state"
case ${1-install} in
install)
	cp "$0" "$self.new"
	chmod 755 "$self.new"
	mv "$self.new" "$self"
	cat >/etc/systemd/system/ensemble-node.service <<'UNIT'
[Unit]
Description=Makes this machine a node of its Ensemble environment
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/ensemble-node boot
TimeoutStartSec=infinity
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=78
[Install]
WantedBy=multi-user.target
UNIT
	systemctl daemon-reload
	systemctl enable -q ensemble-node.service
	systemctl start --no-block ensemble-node.service
	exit
	;;
started) # by a unit, before its program: which settings it starts with
	awk -v service="$2" '$1 == "service" && $2 == service { print $4 }' "$state/list" >"$run/started/$2"
	exit
	;;
esac
cat >"$run/node.py" <<'PYTHON'
@node.py@
PYTHON
case $1 in
boot) boot ;;
fetch | apply)
	exec 9>"$run/lock"
	flock -w 600 9 || fail 1 'another run is under way'
	apply
	[ "$1" = fetch ] || "$self" report 9>&-
	;;
report)
	about
	python3 /usr/local/lib/ensemble/report.py "$state" "$run" "${2-0}"
	;;
*) fail 78 "no verb $1: boot, apply or report" ;;
esac
