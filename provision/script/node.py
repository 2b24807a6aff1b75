# What a shell cannot do for a node: signed requests to a bucket, and checks of what came. Python's own library alone.
import hashlib, hmac, json, os, re, sys, time, urllib.error, urllib.parse, urllib.request

env = os.environ.get
source, region, wait = env("E_SOURCE", ""), env("E_REGION", ""), float(env("E_WAIT", "900"))
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def meta(path):
    """The machine's own metadata (IMDSv2)."""
    base = env("E_IMDS") + "/latest/"
    ask = urllib.request.Request(base + "api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "300"})
    token = direct.open(ask, timeout=5).read().decode()
    ask = urllib.request.Request(base + "meta-data/" + path, headers={"X-aws-ec2-metadata-token": token})
    return direct.open(ask, timeout=5).read().decode()


def signed(method, bucket, key, body):
    """A request to S3 with Signature Version 4 (S3's API reference, "Authenticating Requests: Using the Authorization Header")."""
    role = meta("iam/security-credentials/").split()[0]
    keys = json.loads(meta("iam/security-credentials/" + role))
    endpoint = env("E_ENDPOINT")
    host = endpoint.split("//")[1] if endpoint else "%s.s3.%s.%s" % (bucket, region, meta("services/domain"))
    path = urllib.parse.quote(("/" + bucket if endpoint else "") + "/" + key, safe="/-_.~")
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    digest = hashlib.sha256(body or b"").hexdigest()
    heads = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now, "x-amz-security-token": keys["Token"]}
    names = ";".join(sorted(heads))
    lines = "".join("%s:%s\n" % (name, heads[name]) for name in sorted(heads))
    canonical = "\n".join([method, path, "", lines, names, digest])
    scope = "%s/%s/s3/aws4_request" % (now[:8], region)
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in scope.split("/") + [text]:
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    words = (keys["AccessKeyId"], scope, names, secret.hex())
    if body is not None:
        heads["content-type"] = "application/json"
    heads["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % words
    return urllib.request.Request((endpoint or "https://" + host) + path, data=body, method=method, headers=heads)


def request(method, key, body=None):
    if source.startswith("s3://"):
        return signed(method, source[5:], key, body)
    return urllib.request.Request(source + "/" + urllib.parse.quote(key), data=body, method=method)


def why(error):
    if isinstance(error, urllib.error.HTTPError):
        code = re.search(rb"<Code>(\w+)</Code>", error.read(2000))
        return "%s %s" % (error.code, code.group(1).decode() if code else error.reason)
    return str(getattr(error, "reason", error))


def hash_of(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            whole.update(block)
    return whole.hexdigest()


def fetch(wanted, key, path):
    """An object as a file, which is there whole and with that SHA-256 (`-`: any), or not at all."""
    if wanted != "-" and os.path.exists(path) and hash_of(path) == wanted:
        return
    until, said, wrong = time.time() + wait, "", 0
    while True:
        try:
            with urllib.request.urlopen(request("GET", key), timeout=60) as answer, open(path + ".part", "wb") as file:
                for block in iter(lambda: answer.read(1 << 20), b""):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            found = hash_of(path + ".part")
            if wanted in ("-", found):
                return os.rename(path + ".part", path)
            # It may be that the list is being replaced this moment.
            reason, wrong = "its SHA-256 is %s instead of %s" % (found, wanted), wrong + 1
        except (OSError, KeyError, IndexError, ValueError) as error:
            reason = why(error)
        if wrong == 3 or time.time() >= until:
            if os.path.exists(path + ".part"):
                os.remove(path + ".part")
            sys.exit("%s was not fetched: %s" % (key, reason))
        if reason != said:
            print("waits for %s: %s" % (key, reason), flush=True)
        said = reason
        time.sleep(2)


if __name__ == "__main__":
    verb, *words = sys.argv[1:]
    try:
        if verb == "fetch":
            for line in sys.stdin.read().splitlines():
                fetch(*line.split(" "))
        else:
            # Tags may come a little later than the machine; a node without volumes never has the last one.
            until = time.time() + min(wait, 60)
            for word in words:
                said = None
                while not said:
                    try:
                        said = meta(word)
                    except urllib.error.HTTPError as error:
                        if error.code != 404:
                            raise
                    if not said and (word == words[-1] or time.time() > until):
                        said = "-"
                    elif not said:
                        time.sleep(1)
                print(said)
    except OSError as error:
        sys.exit("%s: %s" % (words[-1:], why(error)))
