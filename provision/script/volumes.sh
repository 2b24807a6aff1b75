# Part of node.sh: disks, and the folders on them. A disk is formatted only where nothing is on it, and used only where it is this node's own.
volume() { # name read-ahead mount
	mkdir -p "$3"
	id=$(printf '%s\n' "$volumes" | tr , '\n' | sed -n "s/^$1=//p")
	[ "$cloud$id" != aws ] || fail 1 "no tag names volume $1"
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
			sync -f "$begun"
			say "formats $device, volume $1, on which nothing is"
			mkfs.xfs -q -f "$device" || fail 1 "$device was not formatted"
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
		mountpoint -q "$3" || mount -t "$type" -o noatime "$device" "$3"
		[ "$(mountpoint -d "$3")" = "$(mountpoint -x "$device")" ] || fail 78 "another disk than $device is mounted at $3"
		[ "$type" != xfs ] || xfs_growfs "$3" >/dev/null
		[ "$2" = - ] || blockdev --setra "$2" "$device"
	fi
	mark="$environment/$node/$1"
	rm -f "$3/.ensemble.new"
	if [ ! -e "$3/.ensemble" ]; then
		[ -z "$(find "$3" -mindepth 1 -maxdepth 1 ! -name lost+found)" ] || fail 78 "volume $1 holds files of somebody else: nothing was touched"
		printf '%s\n' "$mark" >"$3/.ensemble.new"
		sync -f "$3"
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

