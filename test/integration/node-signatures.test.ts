/** The script's signed requests against botocore's own signer: the same request, keys and time give the same Authorization, whatever the key's name is. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';

/** Both signers at one made-up time; node.py gets its keys from a made-up metadata service. Prints pairs of headers. */
const comparison = `
import hashlib, importlib.util, json, os, sys
os.environ.update(E_SOURCE="s3://a-bucket", E_REGION="eu-west-1", E_IMDS="http://127.0.0.1:9")
spec = importlib.util.spec_from_file_location("node", sys.argv[1])
node = importlib.util.module_from_spec(spec)
spec.loader.exec_module(node)
from botocore import auth, awsrequest, credentials
keys = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "Token": "a/token+with=signs"}
told = {"iam/security-credentials/": "role", "iam/security-credentials/role": json.dumps(keys), "services/domain": "amazonaws.com"}
node.meta = told.__getitem__
# datetime's own strftime comes by here too.
node.time.strftime = lambda *_: "20261122T094807Z"
pairs = []
for method, key, body in json.loads(sys.argv[2]):
    ours = node.request(method, key, None if body is None else body.encode())
    theirs = awsrequest.AWSRequest(method=method, url=ours.full_url, data=None if body is None else body.encode())
    theirs.headers["X-Amz-Content-SHA256"] = hashlib.sha256((body or "").encode()).hexdigest()
    signer = auth.S3SigV4Auth(credentials.Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"]), "s3", "eu-west-1")
    signer.add_auth(theirs)
    pairs.append([ours.get_header("Authorization"), theirs.headers["Authorization"]])
print(json.dumps(pairs))
`;

const requests = [
  ['GET', 'nodes/worker-1/list', null],
  ['GET', 'nodes/worker-1/files/etc/ensemble/kafka/server.properties', null],
  ['GET', `archives/${'0a'.repeat(32)}-kafka`, null],
  ['GET', 'a key/with+signs=and~tildes_(and)ümlauts@:%41', null],
  ['PUT', 'reports/worker-1', '{"node":"worker-1"}'],
  ['PUT', 'reports/empty', ''],
];

requires('botocore').it('a node signs its requests to a bucket as botocore does', () => {
  const script = join(installationRoot(), 'provision', 'script', 'node.py');
  const { status, stdout, stderr } = spawnSync('python3', ['-B', '-c', comparison, script, JSON.stringify(requests)], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const pairs = JSON.parse(stdout) as readonly (readonly [string, string])[];
  expect(pairs).toHaveLength(requests.length);
  for (const [ours, theirs] of pairs) {
    expect(ours).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20261122\/eu-west-1\/s3\/aws4_request, /);
    expect(ours).toBe(theirs);
  }
});
