/**
 * Text that is final when it is rendered, but for what only the node can know: a secret, or a fact such as its zone.
 *
 * Renderers put a Late value where such text belongs; whoever installs the file (the process driver, a host at boot, an init container)
 * fills it with the same function. A rendered file therefore never holds a secret, and may be stored, diffed and shown.
 */

export type Late = { readonly secret: string } | { readonly fact: 'zone' };

/** Rendered text: literal parts and late ones, in order. */
export type LateText = readonly (string | Late)[];

/** The text with every late value filled in. `resolve` throws where it does not know one. */
export async function fillLate(text: LateText, resolve: (late: Late) => Promise<string>): Promise<string> {
  const parts = await Promise.all(text.map((part) => (typeof part === 'string' ? part : resolve(part))));
  return parts.join('');
}
