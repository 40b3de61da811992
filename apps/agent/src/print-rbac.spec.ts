import { describe, expect, test } from '@jest/globals';
import { allows, defaultCeiling } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import { parse, parseAllDocuments } from 'yaml';
import { agentRules, printRbac } from './print-rbac.ts';

const rules = (more: Partial<Ceiling> = {}) => agentRules({ ...defaultCeiling, ...more });
function may(verb: string, resource: string, more: Partial<Ceiling> = {}, name = ''): boolean {
  const apiGroup = resource === 'pods' ? '' : 'rbac.authorization.k8s.io';
  return allows(rules(more), { type: 'resource', verb, apiGroup, resource, name });
}

const podReader = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };

describe('the least rights of an agent', () => {
  test('case 36: bind by name, and never for a role the owner did not name', () => {
    expect(may('bind', 'clusterroles', {}, 'view')).toBe(true);
    expect(may('bind', 'clusterroles', {}, 'admin')).toBe(false);
    expect(may('bind', 'clusterroles', {}, 'cluster-admin')).toBe(false);
    expect(may('bind', 'clusterroles', { allowedClusterRoles: [] }, 'view')).toBe(false);
  });

  test('neither escalate nor impersonate nor any wildcard, whatever the ceiling', () => {
    const widest = rules({ clusterScope: true, customRoles: { rules: [podReader] } });
    const words = widest.flatMap((rule) => [...rule.verbs, ...(rule.resources ?? [])]);
    expect(words).not.toEqual(expect.arrayContaining(['escalate']));
    expect(words).not.toEqual(expect.arrayContaining(['impersonate']));
    expect(words).not.toEqual(expect.arrayContaining(['*']));
  });

  test('bindings of the whole cluster are written only when the owner allows them; taking away is always allowed', () => {
    expect(may('create', 'clusterrolebindings')).toBe(false);
    expect(may('patch', 'clusterrolebindings')).toBe(false);
    expect(may('create', 'clusterrolebindings', { clusterScope: true })).toBe(true);
    for (const kind of ['clusterrolebindings', 'clusterroles', 'roles', 'rolebindings']) {
      expect(may('delete', kind)).toBe(true);
      expect(may('watch', kind)).toBe(true);
    }
  });

  test('roles are written only when the owner allows rules, which the agent then holds itself', () => {
    expect(may('create', 'clusterroles')).toBe(false);
    const own = { customRoles: { rules: [podReader] } };
    expect(may('create', 'clusterroles', own)).toBe(true);
    expect(may('get', 'pods', own)).toBe(true);
    expect(may('get', 'pods')).toBe(false);
    expect(may('create', 'roles', own)).toBe(false);
  });

  test('certificates: exactly what it takes to have them made by the signer of clients, and only where the ceiling names them', () => {
    const apiGroups = ['certificates.k8s.io'];
    const ofCertificates = (more: Partial<Ceiling>) =>
      rules(more).filter((rule) => rule.apiGroups?.includes('certificates.k8s.io'));
    expect(ofCertificates({})).toEqual([]);
    expect(ofCertificates({ credentials: ['TokenWebhook'] })).toEqual([]);
    expect(ofCertificates({ credentials: ['ClientCertificate'] })).toEqual([
      {
        apiGroups,
        resources: ['certificatesigningrequests'],
        verbs: ['list', 'create', 'watch', 'delete'],
      },
      { apiGroups, resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
      {
        apiGroups,
        resources: ['signers'],
        verbs: ['approve'],
        resourceNames: ['kubernetes.io/kube-apiserver-client'],
      },
    ]);
  });

  test('outside case 04: what writes are refused by may be watched, and nothing of it read alone or written', () => {
    const causes = rules().filter(({ resources = [] }) =>
      resources.some((name) => /quota|admission|webhook/.test(name)),
    );
    expect(causes.flatMap(({ resources = [] }) => resources)).toHaveLength(7);
    expect(new Set(causes.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'watch']));
  });

  test('where nothing may be given, nothing can be made', () => {
    const nothing = { allowedClusterRoles: [], clusterScope: true };
    for (const kind of ['rolebindings', 'clusterrolebindings', 'clusterroles']) {
      expect([kind, may('create', kind, nothing), may('patch', kind, nothing)]).toEqual([
        kind,
        false,
        false,
      ]);
      expect(may('delete', kind, nothing)).toBe(true);
    }
  });

  test.each([
    ['the defaults', {}, { rolebindings: 'create patch' }, 'view,edit'],
    ['nothing that may be given', { allowedClusterRoles: [], clusterScope: true }, {}, ''],
    [
      'the whole cluster, one role, rules of its own',
      {
        allowedClusterRoles: ['view'],
        clusterScope: true,
        customRoles: {
          rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }],
        },
      },
      {
        rolebindings: 'create patch',
        clusterrolebindings: 'create patch',
        clusterroles: 'create patch',
        'apps deployments': 'get',
      },
      'view',
    ],
  ])('are these and not one more, with a ceiling of %s', (_, ceiling, more, bound) => {
    const admission = 'admissionregistration.k8s.io';
    const seen: Record<string, string> = {
      namespaces: 'get list watch',
      rolebindings: 'get list watch delete',
      clusterrolebindings: 'get list watch delete',
      clusterroles: 'get list watch delete',
      roles: 'get list watch delete',
      resourcequotas: 'list watch',
      [`${admission} validatingadmissionpolicies`]: 'list watch',
      [`${admission} validatingadmissionpolicybindings`]: 'list watch',
      [`${admission} mutatingadmissionpolicies`]: 'list watch',
      [`${admission} mutatingadmissionpolicybindings`]: 'list watch',
      [`${admission} validatingwebhookconfigurations`]: 'list watch',
      [`${admission} mutatingwebhookconfigurations`]: 'list watch',
    };
    const words = Object.entries(seen).concat(Object.entries(more));
    const wanted = words.flatMap(([key, verbs]) =>
      verbs.split(' ').map((verb) => `${verb} ${key}`),
    );
    for (const name of bound.split(',').filter(Boolean)) wanted.push(`bind clusterroles ${name}`);
    const given = rules(ceiling).flatMap(({ apiGroups = [], resources = [], verbs, ...rest }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) =>
            (rest.resourceNames ?? ['']).map((name) => {
              const inGroup = ['', 'rbac.authorization.k8s.io'].includes(group) ? '' : `${group} `;
              return `${verb} ${inGroup}${resource} ${name}`.trim();
            }),
          ),
        ),
      ),
    );
    expect(given.sort()).toEqual(wanted.sort());
  });

  test('is printed as one ClusterRole that kubectl takes', () => {
    const role = parse(
      printRbac({
        ...defaultCeiling,
        customRoles: { rules: [{ ...podReader, resourceNames: [] }] },
      }),
    ) as {
      kind: string;
      rules: object[];
    };
    expect(role.kind).toBe('ClusterRole');
    expect(role.rules.at(-1)).toEqual(podReader);
  });

  test('are, for ServiceAccounts of people, a Role in their namespace and nothing in any other', () => {
    const ceiling: Ceiling = { ...defaultCeiling, credentials: ['ServiceAccountToken'] };
    expect(agentRules(ceiling)).toEqual(agentRules(defaultCeiling));
    const documents = parseAllDocuments(printRbac(ceiling));
    const [wide, namespace, role, ...others] = Array.from(documents, (document) => {
      return document.toJS() as { kind: string; metadata: object; rules?: object[] };
    });
    expect(others).toEqual([]);
    expect(wide?.kind).toBe('ClusterRole');
    expect(namespace).toMatchObject({ kind: 'Namespace', metadata: { name: 'ambit-access' } });
    expect(role).toMatchObject({ kind: 'Role', metadata: { namespace: 'ambit-access' } });
    expect(role?.rules).toEqual([
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['list', 'create', 'delete'] },
      { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    ]);
  });
});
