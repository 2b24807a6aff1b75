/** What the service says of itself (reference, section 2, Service). */
import { arch, hostname, platform } from 'node:os';
import { isServiceToken, requestKey } from '../access.ts';
import { forbidden, unauthorized } from '../errors.ts';
import type { Route } from '../router.ts';
import type { Call, Service } from '../service.ts';
import { serviceMetrics, vaMetrics } from './metrics.ts';

/** Details are for admin_viewer and the service admin. Throws 401 for another user, 403 for an unknown key. */
async function checkDetails(service: Service, { query, apiKey }: Call): Promise<void> {
  const { config, store } = service;
  const key = requestKey(config.auth_option, apiKey, query);
  if (key === '') throw unauthorized();
  if (isServiceToken(config.service_token, key)) return;
  const user = await store.users.first({ token: key });
  if (user === undefined) throw forbidden();
  const allowed = (user.service_roles ?? []).some((role) => role === 'service_admin' || role === 'admin_viewer');
  if (!allowed) throw unauthorized();
}

async function status(service: Service, call: Call): Promise<object> {
  const { config, store, push } = service;
  if (call.query.get('details') === 'true') await checkDetails(service, call);
  if (!config.push_enabled) return { status: 'ok', push_functionality: 'disabled' };
  const token = config.push_worker_token;
  const worker = token === '' ? undefined : await store.users.first({ token });
  return { status: worker === undefined ? 'warning' : 'ok', push_servers: await push.health() };
}

/** Upstream's keys, with what runs here in their place. */
async function version(service: Service, call: Call): Promise<object> {
  const shown = {
    build_time: '',
    golang: `node ${process.version}`,
    compiler: 'v8',
    os: platform(),
    architecture: arch(),
  };
  const asked = requestKey(service.config.auth_option, call.apiKey, call.query) !== '';
  if (!asked) return shown;
  const allowed = await checkDetails(service, call).then(
    () => true,
    () => false,
  );
  return allowed ? { ...shown, hostname: hostname(), release: 'ensemble' } : shown;
}

export const serviceRoutes: readonly Route[] = [
  { method: 'GET', path: '/status', action: 'open', handler: status },
  { method: 'GET', path: '/version', action: 'open', handler: version },
  { method: 'GET', path: '/metrics', action: 'ams:metrics', handler: serviceMetrics },
  { method: 'GET', path: '/metrics/va_metrics', action: 'ams:vaMetrics', handler: vaMetrics },
];
