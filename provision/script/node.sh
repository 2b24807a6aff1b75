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
# systemctl would write to the journal by itself and be gone before that knows whose words they are, so that this unit's log would lack them.
unset JOURNAL_STREAM

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
		known=$(py meta tags/instance/ensemble-node tags/instance/ensemble-bucket placement/availability-zone placement/region tags/instance/ensemble-volumes) ||
			fail 1 'the metadata service does not say which node this is'
		# shellcheck disable=SC2086 # a word each
		set -- $known
		node=$1 bucket=$2 zone=$3 region=$4 volumes=$5
		E_SOURCE=s3://$bucket
		secrets="{\"kind\":\"aws\",\"region\":\"$region\"}"
		;;
	hosts) secrets="{\"kind\":\"folder\",\"path\":\"$secrets\"}" ;;
	*) fail 78 "this script does not know the cloud $cloud" ;;
	esac
	export E_SOURCE E_REGION="$region"
	case $node in '' | - | *[!a-z0-9-]*) fail 1 "'$node' is no node's name" ;; esac
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

@software.sh@
@volumes.sh@
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
	# shellcheck source=/dev/null
	. /usr/local/lib/ensemble/package.sh
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
	list=$state/list
	# What a service was started with stays for as long as it runs: whoever rolls asks for it.
	cat "$list" "$run/lists"/* >"$run/lines" 2>/dev/null || true
	for object in "$state/objects"/*; do grep -qF "${object##*/}" "$run/lines" || rm -f "$object"; done
	rm -f "$state/fault"
	sysctl -q -p /etc/sysctl.d/60-ensemble.conf
	[ ! -e /etc/tmpfiles.d/ensemble.conf ] || systemd-tmpfiles --create /etc/tmpfiles.d/ensemble.conf
	systemctl daemon-reload
	# An image may have another program for the time.
	for a in journald timesyncd; do ! grep -q $a "$run/changed" || systemctl restart systemd-$a || :; done
	# What runs beside the services serves nobody, so that it is started anew at once.
	lines aside >"$run/lines"
	while read -r a b c; do [ "$(cat "$run/started/$a" 2>/dev/null)" = "$c" ] || systemctl restart --no-block "$b" || :; done <"$run/lines"
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
	for unit in $(sed -nE 's/^(service|aside) [^ ]+ ([^ ]+) .*/\2/p' "$list") $(lines job); do
		systemctl reset-failed "$unit" 2>/dev/null || true
		systemctl start --no-block "$unit"
	done
	"$self" report 600 || say 'the report was not put'
	exit "$code"
}

export E_WAIT="${E_WAIT-900}"
mkdir -p "$run/started" "$run/lists" "$state/archives" "$state/objects"
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
StandardOutput=journal+console
[Install]
WantedBy=multi-user.target
UNIT
	systemctl daemon-reload
	systemctl enable -q ensemble-node.service
	systemctl start --no-block ensemble-node.service
	exit
	;;
started) # by a unit, before its program: which settings it starts with
	awk -v name="$2" '/^(service|aside) / && $2 == name { print $4 }' "$state/list" >"$run/started/$2"
	cp "$state/list" "$run/lists/$2"
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
