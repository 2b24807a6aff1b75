# What a node runs with, as contracts/node-report.ts has it: asked of systemd and of each server, printed, and put into the bucket.
# report.py STATE RUN SECONDS: waits so long for every service to answer. Its requests are node.py's, which lies in RUN.
import base64, json, os, re, socket, ssl, subprocess, sys, time, urllib.request

state, run, patience = sys.argv[1:]
sys.path.insert(0, run)
import node


def answers(host, port, transport, send, expect):
    """Whether a server says what the model expects of it."""
    send, expect = base64.b64decode(send[1:]), base64.b64decode(expect[1:])
    until, said = time.time() + 3, b""
    try:
        with socket.create_connection((host, int(port)), 2) as link:
            if transport == "tls":
                # Whose certificate it is, is not looked at: the question is whether somebody serves.
                trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
                link = trust.wrap_socket(link)
            link.settimeout(2)
            link.sendall(send)
            while not re.search(expect, said):
                block = link.recv(4096)
                if not block or len(said) > 65536 or time.time() > until:
                    return False
                said += block
        return True
    except OSError:
        return False


def first_line(path):
    try:
        with open(path) as file:
            return file.readline().strip()
    except OSError:
        return None


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def shown(unit):
    names = "ActiveState,SubState,NRestarts,MainPID,ActiveEnterTimestamp"
    said = subprocess.run(["systemctl", "show", "--timestamp=unix", "-p", names, unit], capture_output=True, text=True)
    return dict(line.split("=", 1) for line in said.stdout.splitlines() if "=" in line)


def service_report(service, unit, digest, *probe):
    facts = shown(unit)
    active = facts.get("ActiveState") == "active"
    since = re.match(r"@(\d+)", facts.get("ActiveEnterTimestamp", ""))
    return {
        "service": service,
        "state": facts.get("ActiveState", "unknown"),
        "detail": facts.get("SubState", ""),
        "ready": active and answers(*probe),
        "restarts": int(facts.get("NRestarts") or 0),
        "pid": int(facts.get("MainPID") or 0),
        "since": stamp(int(since.group(1))) if active and since else None,
        "installed": digest,
        "running": first_line(run + "/started/" + service) if active else None,
    }


def look():
    with open(state + "/list") as file:
        lines = [line.split() for line in file]
    return {
        "version": 1,
        "environment": next(line[1] for line in lines if line[0] == "environment"),
        "node": next(line[1] for line in lines if line[0] == "node"),
        "time": stamp(time.time()),
        "boot": first_line("/proc/sys/kernel/random/boot_id"),
        "list": node.hash_of(state + "/list"),
        "fault": first_line(state + "/fault"),
        "services": [service_report(*line[1:]) for line in lines if line[0] == "service"],
    }


until = time.time() + float(patience)
seen = look()
while time.time() < until and not all(each["ready"] for each in seen["services"]):
    time.sleep(1)
    seen = look()
text = json.dumps(seen)
print(text, flush=True)
try:
    if node.source.startswith("file://"):
        os.makedirs(node.source[7:] + "/reports", exist_ok=True)
        with open(node.source[7:] + "/reports/" + seen["node"], "w") as file:
            file.write(text)
    else:
        urllib.request.urlopen(node.request("PUT", "reports/" + seen["node"], text.encode()), timeout=30)
except OSError as error:
    sys.exit("the report was not put: " + node.why(error))
