/** Text of a history within a page or a JUnit file stays text. */
import { describe, expect, it } from 'vitest';
import { escaped } from '../../chaos/markup.ts';

describe('text within markup', () => {
  it('begins no element, no entity, and ends no attribute of either quote', () => {
    expect(escaped(`<b title='x' lang="en">&`)).toBe('&lt;b title=&#39;x&#39; lang=&quot;en&quot;&gt;&amp;');
  });

  it('has no characters that XML has none of, and keeps lines, tabs and what is beyond ASCII', () => {
    expect(escaped('a\u0000b\u001b[1m\tc\n€ 𝄞')).toBe('a?b?[1m\tc\n€ 𝄞');
  });
});
