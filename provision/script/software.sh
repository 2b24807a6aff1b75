# Part of node.sh: users and archives. Each function makes one line of the list true, and does nothing where it is.
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
	code=0
	"$@" || code=$?
	rm /usr/sbin/policy-rc.d
	return "$code"
}
install_debs() { # all at once; another run of dpkg is waited for
	tries=0
	until dpkg --refuse-downgrade -i "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 20 ] || return 1
		sleep 10
	done
}
mask() { # units that these packages brought
	dpkg -L "$@" | sed -n 's#^.*/systemd/system/\([^/@]*\.service\)$#\1#p' | xargs -r systemctl -q mask
}

archive() { # name sha256 use key folder
	if [ ! -d "$5" ]; then
		file=$state/archives/$2
		printf '%s %s %s\n' "$2" "$4" "$file" | py fetch || fail 1 "$4 is not to be had"
		rm -rf "$5.part"
		mkdir -p "$5.part"
		case $3 in
		deb) cp "$file" "$5.part/$1.deb" ;;
		binary)
			if tar -tf "$file" >/dev/null 2>&1; then
				mkdir "$5.part/all"
				tar -xf "$file" -C "$5.part/all"
				found=$(find "$5.part/all" -type f -name "$1")
				mv "${found:-$(find "$5.part/all" -type f -perm /111)}" "$5.part/$1" || fail 78 "$4 holds no $1"
			else cp "$file" "$5.part/$1"; fi
			chmod 755 "$5.part/$1"
			;;
		*) tar -xf "$file" -C "$5.part" --no-same-owner ;;
		esac
		chmod -R u+rwX,go+rX,go-w "$5.part"
		sync -f "$5.part"
		mv "$5.part" "$5"
		rm "$file"
	fi
	[ ! -e "$5/.installed" ] || return 0
	case $3 in
	deb)
		rm -f /usr/sbin/policy-rc.d
		install_debs "$5/$1.deb" || fail 1 "$1 was not installed"
		;;
	debs)
		quietly install_debs "$5"/*.deb || fail 1 "$1 was not installed"
		for deb in "$5"/*.deb; do mask "$(dpkg-deb -f "$deb" Package)"; done
		;;
	esac
	: >"$5/.installed"
}

