/**
 * A question to a server on its own node: some bytes to one of its ports, and all that it answers. For servers that nobody outside their group may reach
 * (ZooKeeper and balancers' pages have no authentication, the store's members no rule that lets another in): the node asks itself, so that no way in is
 * opened for it. python3 is part of Debian's image.
 */
import { gunzipSync } from 'node:zlib';

export interface Question {
  readonly port: number;
  /** Whose certificate answers is not looked at: the node asks itself. */
  readonly tls: boolean;
  /** Latin-1: a character is a byte. */
  readonly send: string;
}

/** The answer ends where the server hangs up, or says nothing more for a second; what is longer is cut off. Compressed: SSM keeps 24,000 characters. */
export function exchangeScript({ port, tls, send }: Question): string {
  const bytes = Buffer.from(send, 'latin1').toString('base64');
  return `python3 - ${port} ${tls ? 'tls' : 'plain'} ${bytes} <<'END'
import base64, gzip, socket, ssl, sys
port, transport, send = sys.argv[1:]
said = b""
try:
    with socket.create_connection(("127.0.0.1", int(port)), 3) as link:
        if transport == "tls":
            trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
            link = trust.wrap_socket(link)
        link.settimeout(5)
        link.sendall(base64.b64decode(send))
        try:
            while len(said) < 262144:
                block = link.recv(65536)
                if not block:
                    break
                said += block
                link.settimeout(1)
        except (TimeoutError, ssl.SSLError):
            pass
except OSError as error:
    sys.exit(str(error))
print("answer " + base64.b64encode(gzip.compress(said)).decode())
END`;
}

/** What the server answered, in Latin-1; undefined where there is no answer, or none that is whole. */
export function answerIn(output: string): string | undefined {
  const [, packed] = /^answer (\S+)$/m.exec(output) ?? [];
  if (packed === undefined) return undefined;
  try {
    return gunzipSync(Buffer.from(packed, 'base64')).toString('latin1');
  } catch {
    return undefined;
  }
}
