/** A certificate in, the token of its user out, with upstream's checks in upstream's order (reference, section 6). */
import { badRequest, unsupported } from '../errors.ts';
import { checkPeer } from '../peer.ts';
import {
  type AuthService,
  authMethodOf,
  bindingOf,
  type Call,
  checkHost,
  ok,
  type Route,
  serviceTypeNamed,
} from '../service.ts';
import { identityOf, subjectOf } from '../subject.ts';

async function logIn(service: AuthService, { params, peer }: Call) {
  if (peer === undefined) throw badRequest('No certificate provided');
  const { checks, lookup } = service.trust();
  await checkPeer(peer, checks);
  const serviceType = await serviceTypeNamed(service, params.serviceType);
  if (!serviceType.auth_types.includes('x509')) throw unsupported('Auth type', 'x509', serviceType.auth_types);
  const host = checkHost(serviceType, params.host);
  const method = await authMethodOf(service, serviceType, host);
  const identity = identityOf(subjectOf(peer.certificate));
  const binding = await bindingOf(service, serviceType, host, identity);
  const token = await lookup.lookUp(serviceType, method, binding);
  service.tell(
    { identity, serviceType: serviceType.name, host, binding: binding.name },
    'a certificate became a token',
  );
  return ok({ token });
}

/** The path ends in `:authx509`, which the server takes off. */
export const certificateRoute: Route = {
  method: 'GET',
  path: '/service-types/:serviceType/hosts/:host',
  open: true,
  handler: logIn,
};
