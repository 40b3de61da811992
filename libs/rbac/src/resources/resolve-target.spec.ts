import { describe, expect, test } from '@jest/globals';
import type { ApiResource } from './api-resource.ts';
import { kubernetesResources } from './kubernetes-resources.ts';
import { ResourceCatalog } from './resource-catalog.ts';
import { resolveTarget, type AccessTarget, type ResourceQuestion } from './resolve-target.ts';

const crud = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const own = (
  group: string,
  resource: string,
  kind: string,
  more: Partial<ApiResource> = {},
): ApiResource => ({
  group,
  version: 'v1',
  resource,
  singular: kind.toLowerCase(),
  shortNames: [],
  kind,
  namespaced: true,
  verbs: crud,
  ...more,
});
const served: readonly ApiResource[] = [
  ...kubernetesResources.map((each) => ({
    ...each,
    version: each.group === 'autoscaling' ? 'v2' : 'v1',
    verbs: each.resource === 'pods/log' ? ['get'] : crud,
  })),
  own('autoscaling', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  own('cert-manager.io', 'certificates', 'Certificate', { shortNames: ['cert', 'certs'] }),
  own('example.com', 'gadgets', 'GadgetThing', { singular: 'gadget', shortNames: ['po'] }),
  own('example.com', 'gadgets', 'GadgetThing', {
    version: 'v1beta1',
    singular: 'gadget',
    verbs: ['get', 'polish'],
  }),
  own('metrics.k8s.io', 'nodes', 'NodeMetrics', { namespaced: false, verbs: ['get', 'list'] }),
  own('metrics.k8s.io', 'pods', 'PodMetrics', { verbs: ['get', 'list'] }),
  own('user.openshift.io', 'groups', 'Group', { namespaced: false }),
];
const catalog = new ResourceCatalog(served);

function meaning(asked: string | ResourceQuestion, of: ResourceCatalog | null = catalog): string {
  const given = typeof asked === 'string' ? { text: asked } : asked;
  const found = resolveTarget(given, of ?? undefined);
  if (!found.ok) return `${found.reason}: ${found.message} [${found.suggestions.join(' ')}]`;
  return targetWords(found.target);
}

function targetWords(target: AccessTarget): string {
  if (target.type === 'url') return `path ${target.path}`;
  const { resource, apiGroup, subresource, name, namespaced } = target;
  const scope = namespaced === undefined ? '?' : namespaced ? 'N' : 'C';
  const sub = subresource === undefined ? '' : `/${subresource}`;
  const named = name === undefined ? '' : ` named ${name}`;
  return `${resource}${sub}.${apiGroup || 'core'} ${scope}${named}`;
}

describe('a resource is what kubectl takes it for', () => {
  test.each([
    // Every line of the case.
    ['ingress', 'ingresses.networking.k8s.io N'],
    ['cronjob', 'cronjobs.batch N'],
    ['replicaset', 'replicasets.apps N'],
    ['leases', 'leases.coordination.k8s.io N'],
    ['endpointslices', 'endpointslices.discovery.k8s.io N'],
    ['ep', 'endpoints.core N'],
    ['ev', 'events.core N'],
    ['quota', 'resourcequotas.core N'],
    ['resourcequota', 'resourcequotas.core N'],
    ['limitrange', 'limitranges.core N'],
    ['deployment.apps', 'deployments.apps N'],
    ['cronjob.batch', 'cronjobs.batch N'],
    ['ingress.networking.k8s.io', 'ingresses.networking.k8s.io N'],
    ['deployments.v1.apps', 'deployments.apps N'],
    ['pods.v1', 'pods.core N'],
    // Its kind.
    ['pods.v1.', 'pods.core N'],
    ['Deployment', 'deployments.apps N'],
    ['NetworkPolicy', 'networkpolicies.networking.k8s.io N'],
    ['DEPLOY', 'deployments.apps N'],
    ['svc', 'services.core N'],
    ['hpa', 'horizontalpodautoscalers.autoscaling N'],
    ['hpa.v1.autoscaling', 'horizontalpodautoscalers.autoscaling N'],
    ['sc', 'storageclasses.storage.k8s.io C'],
    ['storageclass.storage', 'storageclasses.storage.k8s.io C'],
    ['pc', 'priorityclasses.scheduling.k8s.io C'],
    ['csr', 'certificatesigningrequests.certificates.k8s.io C'],
    ['crds', 'customresourcedefinitions.apiextensions.k8s.io C'],
    ['cert', 'certificates.cert-manager.io N'],
    ['certs.cert-manager.io', 'certificates.cert-manager.io N'],
    ['GadgetThing', 'gadgets.example.com N'],
    ['gadgetthing.example.com', 'gadgets.example.com N'],
    ['gadget.v1beta1.example.com', 'gadgets.example.com N'],
  ])('outside case 06: %s', (text, expected) => {
    expect(meaning(text)).toBe(expected);
  });

  test('outside case 06: of one name in several groups the first group is meant, and a group tells them apart', () => {
    expect(meaning('pods')).toBe('pods.core N');
    expect(meaning('pods.metrics.k8s.io')).toBe('pods.metrics.k8s.io N');
    expect(meaning('events.events.k8s.io')).toBe('events.events.k8s.io N');
    expect(meaning({ text: 'pods', apiGroup: 'metrics.k8s.io' })).toBe('pods.metrics.k8s.io N');
    expect(meaning({ text: 'po', apiGroup: '' })).toBe('pods.core N');
    // The core group comes first in discovery, so that no short name of another kind takes its place.
    expect(meaning('po')).toBe('pods.core N');
    expect(meaning('po.example.com')).toBe('gadgets.example.com N');
  });

  test('outside case 06: what stands behind the slash is a subresource when there is one, else a name', () => {
    expect(meaning('pods/log')).toBe('pods/log.core N');
    expect(meaning('po/exec')).toBe('pods/exec.core N');
    expect(meaning('deploy/scale')).toBe('deployments/scale.apps N');
    expect(meaning('nodes/metrics')).toBe('nodes/metrics.core C');
    expect(meaning('pods/web-0')).toBe('pods.core N named web-0');
    expect(meaning('deployments.apps/web')).toBe('deployments.apps N named web');
    expect(meaning({ text: 'pods/web-0', subresource: 'log' })).toBe('pods/log.core N named web-0');
    expect(meaning({ text: 'pods/log', name: 'web-0' })).toBe('pods/log.core N named web-0');
    expect(meaning({ text: 'pods', name: 'log' })).toBe('pods.core N named log');
  });

  test('outside case 06: a slip in a subresource is an error and never an answer about an object of that name', () => {
    expect(meaning('pods/logs')).toBe(
      'unserved: serves no subresource "logs" of pods; for an object of that name say so with --name logs [pods/log]',
    );
    expect(meaning({ text: 'pods', subresource: 'exce' })).toBe(
      'unserved: serves no subresource "exce" of pods [pods/exec]',
    );
    expect(meaning({ text: 'pods/a', subresource: 'log', name: 'b' })).toContain('given twice');
  });

  test('outside case 06: what no cluster serves is refused with what may have been meant', () => {
    expect(meaning('ingresss')).toBe('unserved: serves no resource "ingresss" [ingress ingresses]');
    expect(meaning('deployments.app.k8s.io')).toContain('[deployments.apps');
    expect(meaning('deployments.v1beta1.apps')).toContain('unserved');
    expect(meaning('foobars')).toBe('unserved: serves no resource "foobars" []');
    expect(meaning({ text: 'deployments', apiGroup: '' })).toContain('unserved');
    expect(meaning('constructor')).toContain('unserved');
    expect(meaning('__proto__')).toContain('syntax');
  });

  test.each(['', 'pods/', '/', 'po ds', 'pods//log', '.apps', 'pods,svc', '*pods'])(
    'outside case 06: %j is an error or a path',
    (text) => {
      expect(meaning(text)).toMatch(/^syntax|^unserved|^path \/$/);
    },
  );

  test.each([
    { text: 'pods', apiGroup: 'v1' },
    { text: 'deployments', apiGroup: 'v1beta1' },
    { text: 'pods', apiGroup: 'core' },
    { text: '*', apiGroup: 'v1' },
    { text: '*.v1' },
  ])('outside case 15: in %j the group is none, and the core group is told', (asked) => {
    expect(meaning(asked)).toMatch(
      /^syntax: "\w+" is .*no.* API group.*; the core group is written ""/,
    );
  });

  test('outside case 06: wildcards and paths', () => {
    expect(meaning('*')).toBe('*.* ?');
    expect(meaning('*.apps')).toBe('*.apps ?');
    expect(meaning('*/scale')).toBe('*/scale.* ?');
    expect(meaning('/healthz')).toBe('path /healthz');
    expect(meaning('/apis/*')).toBe('path /apis/*');
    expect(meaning({ text: '/healthz', name: 'x' })).toContain('syntax');
  });

  test('outside case 06: whom to impersonate is no resource of discovery and belongs to no namespace', () => {
    expect(meaning('users')).toBe('users.core C');
    expect(meaning('userextras/scopes')).toBe('userextras/scopes.authentication.k8s.io C');
    expect(meaning('signers.certificates.k8s.io')).toBe('signers.certificates.k8s.io C');
    expect(meaning('groups')).toBe('groups.user.openshift.io C');
    expect(meaning('users.example.com')).toContain('unserved');
  });

  test('verbs of all versions count', () => {
    const found = resolveTarget({ text: 'gadgets' }, catalog);
    expect(found).toMatchObject({ target: { basis: 'served', verbs: [...crud, 'polish'] } });
    expect(resolveTarget({ text: 'pods/log' }, catalog)).toMatchObject({
      target: { verbs: ['get'] },
    });
  });
});

describe('of a cluster that never told what it serves', () => {
  test.each([
    ['ing', 'ingresses.networking.k8s.io N'],
    ['Deployment', 'deployments.apps N'],
    ['pods/log', 'pods/log.core N'],
    ['pods/web-0', 'pods.core N named web-0'],
    ['nodes', 'nodes.core C'],
  ])('outside case 06: %s is what Kubernetes itself means by it', (text, expected) => {
    expect(meaning(text, null)).toBe(expected);
    expect(resolveTarget({ text })).toMatchObject({ target: { basis: 'kubernetes' } });
  });

  test('outside case 06: any other name is said to be unknown', () => {
    expect(meaning('gadgets.example.com/polish', null)).toBe('gadgets/polish.example.com ?');
    expect(resolveTarget({ text: 'gadgets' })).toMatchObject({ target: { basis: 'unknown' } });
  });
});
