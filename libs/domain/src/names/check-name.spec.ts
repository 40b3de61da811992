import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkName, checkUserPrefix, requireName, type NamedKind } from './check-name.ts';

const kinds: NamedKind[] = ['User', 'Group', 'Role', 'Grant', 'Cluster', 'Token'];

/** Characters that turn up in attacks on names, and ordinary ones. */
const nasty = fc.constantFrom(
  ...'aAsSyYtTeEmM:./@+_- 0159',
  '\u0430',
  '\u0435',
  '\u043e',
  '\u0441',
  '\u200b',
  '\u200d',
  '\ufeff',
  '\u00ad',
  '\u202e',
  '\u0301',
  '\uff53',
  '\u017f',
  '\u212a',
  '\u00e9',
  '\ud83d\ude00',
  '\0',
  '\n',
);
const nastyName = fc.array(nasty, { maxLength: 70 }).map((parts) => parts.join(''));

const goodName = fc
  .tuple(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?$/), fc.boolean())
  .map(([name, short]) => (short ? name.slice(0, 1) : name));
const goodPrefix = fc.constantFrom('ambit:', 'a:', 'ambit-2:', 'ambit.x:', 'system:', 'systems:');

const replaceAt = (name: string, at: number, character: string): string =>
  name.slice(0, at) + character + name.slice(at + 1);
const insertAt = (name: string, at: number, character: string): string =>
  name.slice(0, at) + character + name.slice(at);
const lookAlike: Record<string, string> = {
  a: '\u0430',
  e: '\u0435',
  o: '\u043e',
  c: '\u0441',
  i: '\u0131',
};
const disguise = fc.constantFrom<((name: string, at: number) => string)[]>(
  (name) => name.toUpperCase(),
  (name, at) => replaceAt(name, at, (name[at] ?? '').toUpperCase()),
  (name, at) => replaceAt(name, at, lookAlike[name[at] ?? ''] ?? name[at] ?? ''),
  (name, at) => replaceAt(name, at, String.fromCharCode((name.charCodeAt(at) || 0) + 0xfee0)),
  (name, at) => insertAt(name, at, '\u200b'),
  (name, at) => insertAt(name, at + 1, '\u0301'),
  (name, at) => insertAt(name, at, '\u00ad'),
  (name) => ` ${name}`,
  (name) => `${name}\n`,
  (name, at) => insertAt(name, at, ' '),
);

describe('names', () => {
  test.each([
    ['Cluster', 'prod-eu'],
    ['Group', 'a'],
    ['Role', '0'],
    ['User', 'alice@acme.io'],
    ['User', 'alice+test@acme-corp.io'],
    ['User', 'svc_build.2'],
    ['Grant', 'x'.repeat(63)],
    ['User', 'x'.repeat(253)],
  ] as const)('%s may be called %s', (kind, name) => {
    expect(checkName(kind, name)).toBeUndefined();
    expect(requireName(kind, name)).toBe(name);
  });

  test.each([
    ['Cluster', 'prod.eu'],
    ['Cluster', '-prod'],
    ['Cluster', 'prod-'],
    ['Group', 'alice@acme.io'],
    ['Grant', 'x'.repeat(64)],
    ['User', 'x'.repeat(254)],
    ['User', '.alice'],
    ['User', 'alice@'],
    ['User', 'a/b'],
    ['User', ''],
    ['Role', 'a\n'],
  ] as const)('%s may not be called %j', (kind, name) => {
    expect(checkName(kind, name)?.message).toMatch(/\.$/);
  });

  test.each([
    ['Alice@Acme.io', 'alice@acme.io'],
    [' alice ', 'alice'],
    ['аlice', 'alice'],
    ['al\u200bice', 'alice'],
    ['ａｌｉｃｅ', 'alice'],
    ['alicé', 'alice'],
    ['alice smith', 'alice-smith'],
    ['ALİCE', 'alice'],
    ['ν', 'v'],
  ])('case b27: %j is refused and %j is offered', (name, folded) => {
    expect(checkName('User', name)?.folded).toBe(folded);
    expect(() => requireName('User', name)).toThrow(
      expect.objectContaining({ code: 'invalid_name' }),
    );
  });

  test('case b27: no disguise of an accepted name is accepted beside it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        goodName,
        disguise,
        fc.nat(),
        (kind, name, change, at) => {
          const disguised = change(name, at % name.length);
          fc.pre(disguised !== name);
          expect(checkName(kind, name)).toBeUndefined();
          expect(checkName(kind, disguised)).toBeDefined();
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('case b27: whatever is accepted is its own folded form, and what is offered is accepted', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), nastyName, (kind, name) => {
        const problem = checkName(kind, name);
        if (problem === undefined) {
          expect(name).toBe(name.normalize('NFKC').toLowerCase());
          expect(name).toMatch(/^[a-z0-9][\x21-\x7e]*$/);
        } else if (problem.folded !== undefined) {
          expect(checkName(kind, problem.folded)).toBeUndefined();
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['system:masters', 'System:Masters', ' system:x', 'ｓystem:admin', 'sys\u200btem:x'])(
    'case b56: %j is refused for every kind, because it belongs to Kubernetes',
    (name) => {
      for (const kind of kinds) expect(checkName(kind, name)?.message).toMatch(/Kubernetes/);
    },
  );

  test('case b56: no person can be named like a user of Kubernetes, whatever its prefix', () => {
    fc.assert(
      fc.property(goodPrefix, goodName, goodPrefix, goodName, (p, n, otherP, otherN) => {
        fc.pre(checkUserPrefix(p) === undefined && checkUserPrefix(otherP) === undefined);
        expect(`${p}${n}`).not.toMatch(/^system:/i);
        expect(`${p}${n}` === `${otherP}${otherN}`).toBe(p === otherP && n === otherN);
      }),
    );
    for (const prefix of [
      '',
      'system:',
      'SYSTEM:',
      'system:serviceaccount:a:',
      'ambit',
      ':',
      'a:b:',
    ]) {
      expect(checkUserPrefix(prefix)).toBeDefined();
    }
    expect(checkUserPrefix('ambit:')).toBeUndefined();
    expect(checkUserPrefix('sso-1:')).toBeUndefined();
  });

  test('what cannot be seen is written out in the message', () => {
    expect(checkName('Group', 'a\u202eb\nc')?.message).toContain('a\\u{202e}b\\u{a}c');
    expect(checkName('Group', '!'.repeat(60))?.message.length).toBeLessThan(250);
  });
});
