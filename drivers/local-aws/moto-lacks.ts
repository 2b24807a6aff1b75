/**
 * What moto lacks of the calls that our stacks make, answered by the shim before it (shim.ts), each with what is missing. A call leaves this list when
 * moto learns it.
 */
import type { ShimAnswer, ShimRequest } from './shim.ts';

type Rule = (asked: ShimRequest) => ShimAnswer | undefined;

/** One for each local AWS: what was made is kept in it. */
export function answersForMoto(): (asked: ShimRequest) => Promise<ShimAnswer | undefined> {
  const rules: readonly Rule[] = [snapshotPolicies(), bucketPolicies(), networksOfZones(), interfacesOfTheGone()];
  return async (asked) => {
    for (const rule of rules) {
      const answer = rule(asked);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}

/** Data Lifecycle Manager: moto 5.2 does not have it. A policy is told as it was made (API reference, LifecyclePolicy). */
function snapshotPolicies(): Rule {
  const kept = new Map<string, Readonly<Record<string, unknown>>>();
  return ({ method, path, headers, body }) => {
    if (!isFor('dlm', headers)) return undefined;
    const id = /^\/policies\/(policy-[0-9a-f]+)/.exec(path)?.[1];
    if (method === 'POST' && path === '/policies') {
      const made = `policy-${(0x1000 + kept.size).toString(16)}`;
      const account = '123456789012';
      const PolicyArn = `arn:aws:dlm:eu-west-1:${account}:policy/${made}`;
      kept.set(made, { ...(JSON.parse(body) as object), PolicyId: made, PolicyArn });
      return json(200, { PolicyId: made });
    }
    const policy = id === undefined ? undefined : kept.get(id);
    if (id === undefined || policy === undefined)
      return json(404, { __type: 'ResourceNotFoundException', message: `no ${path}` });
    if (method === 'GET') return json(200, { Policy: policy });
    if (method === 'DELETE') kept.delete(id);
    else kept.set(id, { ...policy, ...(JSON.parse(body) as object) });
    return json(200, {});
  };
}

/** moto takes a policy's `Deny` for everybody, whatever its conditions are, and would refuse all calls; so that it never sees one. */
function bucketPolicies(): Rule {
  const kept = new Map<string, string>();
  return ({ method, path, headers, body }) => {
    const bucket = /^\/([^/?]+)\/?\?policy=?$/.exec(path)?.[1];
    if (bucket === undefined || !isFor('s3', headers)) return undefined;
    const policy = kept.get(bucket);
    if (method === 'PUT') kept.set(bucket, body);
    else if (method === 'DELETE') kept.delete(bucket);
    else if (policy === undefined)
      return {
        status: 404,
        type: 'application/xml',
        body: '<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message></Error>',
      };
    else return { status: 200, type: 'application/json', body: policy };
    return { status: 204, type: 'application/xml', body: '' };
  };
}

/** moto does not tell a private zone's networks, so that the provider adds the one that is there; AWS's answer to that is never needed. */
function networksOfZones(): Rule {
  return ({ method, path }) => {
    if (method !== 'POST' || !/\/hostedzone\/\w+\/associatevpc$/.test(path)) return undefined;
    const change = '<Id>/change/C1</Id><Status>INSYNC</Status><SubmittedAt>2026-11-22T00:00:00Z</SubmittedAt>';
    const name = 'AssociateVPCWithHostedZoneResponse';
    return { status: 200, type: 'application/xml', body: `<${name}><ChangeInfo>${change}</ChangeInfo></${name}>` };
  };
}

/**
 * moto goes on to hold the interface of an instance that is gone, and refuses to detach it. AWS has detached it with the instance's end and says so, which is
 * what the provider waits for; nothing here detaches an interface of an instance that runs.
 */
function interfacesOfTheGone(): Rule {
  return ({ method, headers, body }) => {
    if (method !== 'POST' || !isFor('ec2', headers) || !/(?:^|&)Action=DetachNetworkInterface(?:&|$)/.test(body))
      return undefined;
    const error =
      '<Error><Code>InvalidAttachmentID.NotFound</Code><Message>it is gone with its instance</Message></Error>';
    const text = `<Response><Errors>${error}</Errors><RequestID>shim</RequestID></Response>`;
    return { status: 400, type: 'text/xml', body: text };
  };
}

/** By the scope of the signature, as AWS's own front does: `Credential=.../20261122/eu-west-1/dlm/aws4_request`. */
function isFor(service: string, headers: ShimRequest['headers']): boolean {
  const { authorization } = headers;
  return typeof authorization === 'string' && authorization.includes(`/${service}/aws4_request`);
}

function json(status: number, body: object): ShimAnswer {
  return { status, body: JSON.stringify(body), type: 'application/json' };
}
