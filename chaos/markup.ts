/** Text within HTML or XML, as an element's content or an attribute: nothing of it is markup. Control characters are no characters of XML 1.0. */
export function escaped(text: string): string {
  return [...text]
    .map((each) => {
      const code = each.codePointAt(0) ?? 0;
      if (code < 0x20 && each !== '\n' && each !== '\t') return '?';
      return { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }[each] ?? each;
    })
    .join('');
}
