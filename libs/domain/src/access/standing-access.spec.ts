import { expect, test } from '@jest/globals';
import type { AccessQuestion } from './access-answer.ts';
import { standingAnswer } from './standing-access.ts';

const pods = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const facts = { clusterRoles: new Map([['view', [pods]]]) };
const asked = (more: Partial<AccessQuestion> = {}): AccessQuestion => ({
  clusterUid: 'c',
  verb: 'get',
  apiGroup: '',
  resource: 'pods',
  namespace: 'pay',
  namespaced: true,
  ...more,
});
const view = { namespace: 'pay', binds: 'ClusterRole/view' };

test.each([
  ['its role allows it', view, asked(), 'allowed'],
  ['its role does not', view, asked({ verb: 'delete' }), undefined],
  ['it holds in another namespace', view, asked({ namespace: 'shop' }), undefined],
  [
    'it holds in a namespace and every one is asked about',
    view,
    asked({ namespace: '' }),
    undefined,
  ],
  ['it holds everywhere', { binds: 'ClusterRole/view' }, asked(), 'allowed'],
  ['nobody knows the rules', { ...view, binds: 'ClusterRole/other' }, asked(), 'unknown'],
  ['a Role of that name is another role', { ...view, binds: 'Role/view' }, asked(), 'unknown'],
  ['an older agent does not say', { namespace: 'pay' }, asked(), 'unknown'],
  [
    'what belongs to no namespace is not given in one',
    view,
    asked({ resource: 'nodes', namespaced: false }),
    undefined,
  ],
] as const)('outside row B.6: %s', (_, object, question, answer) => {
  expect(standingAnswer(object, question, facts)).toBe(answer);
});
