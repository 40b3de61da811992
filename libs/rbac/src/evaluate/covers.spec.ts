import { describe, expect, test } from '@jest/globals';
import type { PolicyRule } from '../model.ts';
import { allows, ruleAllows, urlCovers } from './allows.ts';
import { breakdownRule, covers, ruleAtoms } from './covers.ts';

const on = (resources: string[], verbs: string[], more: Partial<PolicyRule> = {}): PolicyRule => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
});
const urls = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });
const held = (owner: PolicyRule, servant: PolicyRule): boolean =>
  covers([owner], [servant]).covered;

describe('the single permissions of rules', () => {
  const rule: PolicyRule = {
    apiGroups: ['', 'apps'],
    resources: ['a', 'b'],
    resourceNames: ['x', 'y'],
    nonResourceURLs: ['/u', '/v'],
    verbs: ['get', 'list'],
  };

  test('are one of each list, and those of URLs stand alone', () => {
    const atoms = breakdownRule(rule);
    expect(atoms).toHaveLength(20);
    expect(atoms[0]).toEqual({
      apiGroups: [''],
      resources: ['a'],
      verbs: ['get'],
      resourceNames: ['x'],
    });
    expect(atoms.at(-1)).toEqual({ nonResourceURLs: ['/v'], verbs: ['list'] });
    const unnamed = breakdownRule(on(['a'], ['get']));
    expect(unnamed).toEqual([{ apiGroups: [''], resources: ['a'], verbs: ['get'] }]);
  });

  test('are counted as they are broken down, without doing it', () => {
    const rules = [rule, on(['a', 'b'], ['get']), urls('/a'), { verbs: ['get'] }, on([], ['get'])];
    const whole = rules.flatMap(breakdownRule).length;
    expect([ruleAtoms(rules), ruleAtoms([]), ruleAtoms(null), ruleAtoms(undefined)]).toEqual([
      whole,
      0,
      0,
      0,
    ]);
  });
});

describe('what one who holds rules may give', () => {
  test('nothing is covered by everybody, and nobody covers anything', () => {
    expect(covers(null, null)).toEqual({ covered: true, uncovered: [] });
    expect(covers(undefined, [on(['a'], ['get'])]).covered).toBe(false);
    expect(covers([on(['a'], ['get'])], undefined).covered).toBe(true);
    expect(covers([], [on(['a'], ['get', 'list'])]).uncovered).toEqual([
      on(['a'], ['get']),
      on(['a'], ['list']),
    ]);
  });

  test.each([
    ['a verb more', on(['a'], ['get']), on(['a'], ['list']), false],
    ['any verb', on(['a'], ['*']), on(['a'], ['list']), true],
    ['another group', on(['a'], ['get']), on(['a'], ['get'], { apiGroups: ['apps'] }), false],
    ['any group', on(['a'], ['get'], { apiGroups: ['*'] }), on(['a'], ['get']), true],
    ['another resource', on(['a'], ['get']), on(['b'], ['get']), false],
    ['any resource', on(['*'], ['get']), on(['a/log'], ['get']), true],
    ['a subresource by the resource', on(['a'], ['get']), on(['a/log'], ['get']), false],
    ['a subresource of any resource', on(['*/log'], ['get']), on(['a/log'], ['get']), true],
    ['another subresource of any', on(['*/log'], ['get']), on(['a/exec'], ['get']), false],
    ['a resource by its subresource', on(['*/log'], ['get']), on(['log'], ['get']), false],
    ['all names by one', on(['a'], ['get'], { resourceNames: ['x'] }), on(['a'], ['get']), false],
    ['one name by all', on(['a'], ['get']), on(['a'], ['get'], { resourceNames: ['x'] }), true],
    [
      'another name',
      on(['a'], ['get'], { resourceNames: ['x'] }),
      on(['a'], ['get'], { resourceNames: ['y'] }),
      false,
    ],
    ['a URL', urls('/a'), urls('/a'), true],
    ['another URL', urls('/a'), urls('/b'), false],
    ['a URL below', urls('/a/*'), urls('/a/b'), true],
    ['a URL by resources', on(['*'], ['*'], { apiGroups: ['*'] }), urls('/a'), false],
    ['resources by a URL', urls('*'), on(['a'], ['get']), false],
    ['a URL by a rule with names', { ...urls('/a'), resourceNames: ['x'] }, urls('/a'), false],
  ] as const)('%s: %#', (_, owner, servant, covered) => {
    expect(held(owner, servant)).toBe(covered);
  });
});

describe('a request and the URLs of a rule', () => {
  test.each([
    ['/a', '/a', true],
    ['/a', '/a/b', false],
    ['/a*', '/ab', true],
    ['/a**', '/ab', true],
    ['*', '/', true],
    ['**', '/x', true],
    ['/a*b', '/axb', false],
    ['/a/*', '/a', false],
  ])('%s stands for %s: %s', (url, path, stands) => {
    expect(urlCovers(url, path)).toBe(stands);
    expect(allows([urls(url)], { type: 'url', verb: 'get', path })).toBe(stands);
  });

  test('are of that verb, and no resources', () => {
    const request = { type: 'url', path: '/a' } as const;
    expect(ruleAllows(urls('/a'), { ...request, verb: 'put' })).toBe(false);
    expect(ruleAllows({ ...urls('/a'), verbs: ['*'] }, { ...request, verb: 'put' })).toBe(true);
    expect(ruleAllows(on(['*'], ['*']), { ...request, verb: 'get' })).toBe(false);
    expect(allows(null, { ...request, verb: 'get' })).toBe(false);
    expect(allows(undefined, { ...request, verb: 'get' })).toBe(false);
  });
});

describe('a request and the resources of a rule', () => {
  const get = { type: 'resource', verb: 'get', apiGroup: '', resource: 'pods' } as const;
  test.each([
    ['the resource', on(['pods'], ['get']), get, true],
    ['any resource', on(['*'], ['get']), { ...get, subresource: 'log' }, true],
    [
      'the resource, asked for its part',
      on(['pods'], ['get']),
      { ...get, subresource: 'log' },
      false,
    ],
    ['the part', on(['pods/log'], ['get']), { ...get, subresource: 'log' }, true],
    ['that part of any', on(['*/log'], ['get']), { ...get, subresource: 'log' }, true],
    ['that part of any, asked for the whole', on(['*/'], ['get']), get, false],
    ['another group', on(['pods'], ['get'], { apiGroups: ['apps'] }), get, false],
    ['any group', on(['pods'], ['get'], { apiGroups: ['*'] }), get, true],
    ['another verb', on(['pods'], ['list']), get, false],
    ['any verb', on(['pods'], ['*']), get, true],
    ['a name', on(['pods'], ['get'], { resourceNames: ['x'] }), { ...get, name: 'x' }, true],
    ['another name', on(['pods'], ['get'], { resourceNames: ['x'] }), { ...get, name: 'y' }, false],
    ['a name, asked without', on(['pods'], ['get'], { resourceNames: ['x'] }), get, false],
    ['no names', on(['pods'], ['get'], { resourceNames: [] }), { ...get, name: 'y' }, true],
    ['no resources', { apiGroups: [''], verbs: ['get'] }, get, false],
    ['no groups', { resources: ['pods'], verbs: ['get'] }, get, false],
  ] as const)('%s: %#', (_, rule, request, allowed) => {
    expect(allows([rule], request)).toBe(allowed);
  });
});
