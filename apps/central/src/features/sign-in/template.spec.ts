import { expect, test } from '@jest/globals';
import { markup } from './template.ts';

test('a value is text, a piece is a piece, and nothing is nothing', () => {
  const value = `<b a="1" b='2'>&`;
  expect(markup`<i title="${value}">${value}</i>`.text).toBe(
    '<i title="&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;</i>',
  );
  expect(markup`<p>${markup`<b>${1}</b>`}${undefined}</p>`.text).toBe('<p><b>1</b></p>');
});
