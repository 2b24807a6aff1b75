/** Which certificates the servers of a node show: the node asks its own ports, since no other way in is open for a question. */

/** A line a port: `shown 9093 <SHA-256 of the certificate, in hexadecimal>`; none of a port where nobody speaks TLS. */
export function shownScript(ports: readonly number[]): string {
  return `python3 - ${ports.join(' ')} <<'END'
import hashlib, socket, ssl, sys
trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
for port in sys.argv[1:]:
    try:
        with socket.create_connection(("127.0.0.1", int(port)), 3) as link:
            link.settimeout(5)
            with trust.wrap_socket(link) as secured:
                print("shown", port, hashlib.sha256(secured.getpeercert(True)).hexdigest())
    except OSError:
        pass
END`;
}

/** By port, as X509Certificate.fingerprint256 has them: `AB:CD:...`. */
export function shownIn(output: string): ReadonlyMap<number, string> {
  const lines = [...output.matchAll(/^shown (\d+) ([0-9a-f]{64})$/gm)];
  return new Map(
    lines.map(([, port, digest = '']) => [Number(port), digest.toUpperCase().replace(/(..)(?=.)/g, '$1:')]),
  );
}
