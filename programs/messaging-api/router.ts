/**
 * Paths with a verb behind a colon, as upstream matches them: `/topics/{topic}:publish` before `/topics/{topic}`, so that a GET with an unknown verb comes to
 * the latter and is a bad name, and everything else that no row names is not found (reference, section 1).
 */
import type { z } from 'zod';
import type { Handler } from './service.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below /v1, with {variables}. */
  readonly path: string;
  /** A row of the roles collection; `own-key`: any user's key; `open`: no key. */
  readonly action: string;
  /** The path's project need not exist yet. */
  readonly makesProject?: boolean;
  /** Messages go through it: who asks, and for what, may be known from a moment ago. */
  readonly isBusy?: boolean;
  /** What the handler reads a body with; undefined: it reads none. */
  readonly body?: z.ZodType;
  readonly handler: Handler;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The first row that matches wins. `path` is decoded. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match | undefined {
  const compiled = routes.map((route) => ({ route, ...compile(`/v1${route.path}`) }));
  return (method, path) => {
    for (const { route, pattern, names } of compiled) {
      if (route.method !== method) continue;
      const values = pattern.exec(path);
      if (values === null) continue;
      return { route, params: Object.fromEntries(names.map((name, index) => [name, values[index + 1] ?? ''])) };
    }
    return undefined;
  };
}

function compile(path: string): { pattern: RegExp; names: readonly string[] } {
  const names: string[] = [];
  const pattern = path.replace(/\{(\w+)\}|[.]/g, (_all, name: string | undefined) => {
    if (name === undefined) return '\\.';
    names.push(name);
    return '([^/]+)';
  });
  return { pattern: new RegExp(`^${pattern}$`), names };
}

const nameShape = /^[a-zA-Z0-9_-]+$/;

/** The first variable, in alphabetical order, whose value is no name. */
export function wrongName(params: Readonly<Record<string, string>>): string | undefined {
  return Object.keys(params)
    .sort()
    .find((name) => !nameShape.test(params[name] ?? ''));
}
