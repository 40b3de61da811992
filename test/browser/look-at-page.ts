import { join } from 'node:path';
import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from '@jest/globals';

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** As narrow as pages have to fit without scrolling sideways (WCAG 1.4.10). */
const narrow = 320;

/** What axe finds wrong with the page as it is now, one line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const options = { runOnly: { type: 'tag', values: rules }, preload: false };
  const found: AxeResults = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`);
  // An axe that looked at nothing finds nothing.
  expect(found.passes.length).toBeGreaterThan(8);
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  );
}

/** The page in both themes, wide and narrow. `AMBIT_SCREENSHOTS` names a folder for pictures of it. */
export async function looksRight(page: Page, name: string): Promise<void> {
  const folder = process.env['AMBIT_SCREENSHOTS'];
  for (const [theme, width] of [
    ['light', 1_000],
    ['dark', narrow],
  ] as const) {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width, height: 720 });
    expect({ theme, width: await widthOf(page) }).toEqual({ theme, width });
    expect({ theme, found: await violations(page) }).toEqual({ theme, found: [] });
    const file = `${name.replaceAll(/\W+/g, '-')}-${theme}.png`;
    if (folder !== undefined) await page.screenshot({ path: join(folder, file), fullPage: true });
  }
}

/** As wide as the widest that stands in it. */
const widthOf = (page: Page): Promise<number> =>
  page.evaluate(`Math.max(document.documentElement.scrollWidth, document.body.scrollWidth,
    ...Array.from(document.querySelectorAll('main *'), (each) => Math.ceil(each.getBoundingClientRect().right)), innerWidth)`);

/** What is folded away cannot be used, and what scrolls is moved by keys. */
const focusable = `Array.from(document.querySelectorAll('a[href],button,input:not([type=hidden]),summary,[tabindex="0"]'))
  .filter((each) => each.checkVisibility())`;

/** Tab comes to everything that can be used, in the order in which it is read, and each shows that it has the focus. */
export async function keyboardReachesAll(page: Page): Promise<void> {
  const all = await page.evaluate<number>(`${focusable}.length`);
  // As if the person had just come from the controls of the browser.
  await page.evaluate('document.body.tabIndex = -1; document.body.focus()');
  const reached: { readonly at: number; readonly isSeen: boolean }[] = [];
  for (let press = 0; press < all; press++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(focused));
  }
  expect(reached).toEqual(Array.from({ length: all }, (_, at) => ({ at, isSeen: true })));
}

const focused = `(() => {
  const it = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(it);
  return { at: ${focusable}.indexOf(it), isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
})()`;

/** What is put into the page does not run: the browser says that its policy forbids it, in an element and in an attribute. */
export async function runsNoScript(page: Page): Promise<void> {
  const said = await page.evaluate(`new Promise((resolve) => {
    const said = new Set();
    const say = (what) => said.add(what).size === 2 && resolve([...said].sort());
    document.addEventListener('ran', ({ detail }) => say(detail + ' ran'));
    document.addEventListener('securitypolicyviolation', (event) => say(event.effectiveDirective));
    const run = (what) => "document.dispatchEvent(new CustomEvent('ran', { detail: '" + what + "' }))";
    const script = document.createElement('script');
    script.textContent = run('script');
    const button = document.createElement('button');
    button.setAttribute('onclick', run('onclick'));
    document.body.append(script, button);
    button.click();
  })`);
  expect(said).toEqual(['script-src-attr', 'script-src-elem']);
}
