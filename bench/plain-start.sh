#!/bin/sh
# The peer of `ensemble up` in bench/start.ts: the same servers from the same rendered files with the same Java options, as a person would
# script them, without class-data sharing. Returns when the quorum has its leader and every broker is registered.
#
#   plain-start.sh phased|together LIST ZOOKEEPER_CLASSPATH KAFKA_CLASSPATH
#
# LIST: lines of `service folder address`, masters first. Each server's pid goes to FOLDER/plain.pid. Needs java, curl and kcat.
set -eu
form=$1 list=$2 zookeeper_classpath=$3 kafka_classpath=$4

start_all() {
  while read -r service folder _; do
    [ "$service" = "$1" ] || continue
    if [ "$service" = zookeeper ]; then
      set -- "$1" "$zookeeper_classpath" org.apache.zookeeper.server.quorum.QuorumPeerMain zoo.cfg
    else
      set -- "$1" "$kafka_classpath" kafka.Kafka server.properties
    fi
    (
      cd "$folder"
      exec java "-Densemble.process=$folder" "@$folder/conf/jvm.options" -cp "$2" "$3" "$folder/conf/$4"
    ) >"$folder/console.log" 2>&1 </dev/null &
    echo $! >"$folder/plain.pid"
  done <"$list"
}

# One leader, everyone else following.
quorum_serves() {
  leaders=0
  while read -r service _ address; do
    [ "$service" = zookeeper ] || continue
    mode=$(echo srvr | curl --silent --max-time 1 "telnet://$address" | sed -n 's/^Mode: //p')
    case $mode in
    leader) leaders=$((leaders + 1)) ;;
    follower) ;;
    *) return 1 ;;
    esac
  done <"$list"
  [ "$leaders" -eq 1 ]
}

brokers_registered() {
  expected=$(grep -c '^kafka ' "$list")
  bootstrap=$(sed -n 's/^kafka [^ ]* //p' "$list" | paste -sd, -)
  kcat -L -m 1 -b "$bootstrap" 2>/dev/null | grep -q "^ $expected brokers:"
}

# As often as ensemble asks.
await() {
  until "$1"; do sleep 0.05; done
}

start_all zookeeper
[ "$form" = together ] || await quorum_serves
start_all kafka
await quorum_serves
await brokers_registered
