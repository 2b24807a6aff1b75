/** When words are coloured: what a person watches, and never what another program or a file takes. */
import { describe, expect, it } from 'vitest';
import { wantsColour } from '../../scripts/present/colour.ts';

describe('colours', () => {
  it('are for a terminal that can show them', () => {
    expect(wantsColour({ TERM: 'xterm-256color' }, true)).toBe(true);
    expect(wantsColour({}, false)).toBe(false);
    expect(wantsColour({ TERM: 'dumb' }, true)).toBe(false);
  });

  it('are not for a file because CI is set, which nobody asked for', () => {
    expect(wantsColour({ CI: 'true', TERM: 'xterm' }, false)).toBe(false);
  });

  it('are asked for by FORCE_COLOR, and refused by its 0', () => {
    expect(wantsColour({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColour({ FORCE_COLOR: '0' }, true)).toBe(false);
    expect(wantsColour({ FORCE_COLOR: '' }, true)).toBe(true);
  });

  it('are refused by NO_COLOR, whatever else is said', () => {
    expect(wantsColour({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(wantsColour({ NO_COLOR: '' }, true)).toBe(true);
  });
});
