import type { PolicyRule } from '@ambit/rbac';

export interface BootstrapRole {
  readonly name: string;
  /** Without the prefix `rbac.authorization.k8s.io/aggregate-to-`: the roles that take this one's rules. */
  readonly aggregatesTo?: string;
  /** Takes its rules from roles that aggregate to this name. */
  readonly aggregates?: string;
  readonly rules: readonly PolicyRule[];
}

export interface BootstrapBinding {
  readonly name: string;
  readonly role: string;
  readonly groups: readonly string[];
}

/** Rules as `verbs | resources or URLs | groups`, one each up to a semicolon; `core` is the core group. */
function rules(text: string): PolicyRule[] {
  return text
    .split(';')
    .filter((rule) => rule.trim() !== '')
    .map((rule) => {
      const [verbs = [], things = [], groups = []] = rule.split('|').map((part) =>
        part
          .trim()
          .split(/\s+/)
          .filter((word) => word !== ''),
      );
      if (groups.length === 0) return { verbs, nonResourceURLs: things };
      const apiGroups = groups.map((group) => (group === 'core' ? '' : group));
      return { verbs, apiGroups, resources: things };
    });
}

/** What a kube-apiserver of 1.36 makes at its first start, of the roles that people and programs are bound to. */
export const bootstrapRoles: readonly BootstrapRole[] = [
  {
    name: 'cluster-admin',
    rules: rules(`
      * | * | *;
      * | *`),
  },
  {
    name: 'admin',
    aggregates: 'admin',
    rules: [],
  },
  {
    name: 'edit',
    aggregatesTo: 'admin',
    aggregates: 'edit',
    rules: [],
  },
  {
    name: 'view',
    aggregatesTo: 'edit',
    aggregates: 'view',
    rules: [],
  },
  {
    name: 'system:aggregate-to-admin',
    aggregatesTo: 'admin',
    rules: rules(`
      create | localsubjectaccessreviews | authorization.k8s.io;
      create delete deletecollection get list patch update watch | rolebindings roles |
        rbac.authorization.k8s.io`),
  },
  {
    name: 'system:aggregate-to-edit',
    aggregatesTo: 'edit',
    rules: rules(`
      get list watch | pods/attach pods/exec pods/portforward pods/proxy secrets
        services/proxy | core;
      impersonate | serviceaccounts | core;
      create delete deletecollection patch update | pods pods/attach pods/exec
        pods/portforward pods/proxy | core;
      create | pods/eviction | core;
      create delete deletecollection patch update | configmaps persistentvolumeclaims
        replicationcontrollers replicationcontrollers/scale secrets serviceaccounts
        services services/proxy | core;
      create | serviceaccounts/token | core;
      create delete deletecollection patch update | events | core events.k8s.io;
      create delete deletecollection patch update | daemonsets deployments
        deployments/rollback deployments/scale replicasets replicasets/scale statefulsets
        statefulsets/scale | apps;
      create delete deletecollection patch update | horizontalpodautoscalers | autoscaling;
      create delete deletecollection patch update | cronjobs jobs | batch;
      create delete deletecollection patch update | daemonsets deployments
        deployments/rollback deployments/scale ingresses networkpolicies replicasets
        replicasets/scale replicationcontrollers/scale | extensions;
      create delete deletecollection patch update | poddisruptionbudgets | policy;
      create delete deletecollection patch update | ingresses networkpolicies |
        networking.k8s.io;
      create delete deletecollection get list patch update watch | leases |
        coordination.k8s.io;
      create delete deletecollection patch update | resourceclaims resourceclaimtemplates
        | resource.k8s.io`),
  },
  {
    name: 'system:aggregate-to-view',
    aggregatesTo: 'view',
    rules: rules(`
      get list watch | configmaps endpoints persistentvolumeclaims
        persistentvolumeclaims/status pods replicationcontrollers
        replicationcontrollers/scale serviceaccounts services services/status | core;
      get list watch | bindings limitranges namespaces/status pods/log pods/status
        replicationcontrollers/status resourcequotas resourcequotas/status | core;
      get list watch | namespaces | core;
      get list watch | events | core events.k8s.io;
      get list watch | endpointslices | discovery.k8s.io;
      get list watch | controllerrevisions daemonsets daemonsets/status deployments
        deployments/scale deployments/status replicasets replicasets/scale
        replicasets/status statefulsets statefulsets/scale statefulsets/status | apps;
      get list watch | horizontalpodautoscalers horizontalpodautoscalers/status |
        autoscaling;
      get list watch | cronjobs cronjobs/status jobs jobs/status | batch;
      get list watch | daemonsets daemonsets/status deployments deployments/scale
        deployments/status ingresses ingresses/status networkpolicies replicasets
        replicasets/scale replicasets/status replicationcontrollers/scale | extensions;
      get list watch | poddisruptionbudgets poddisruptionbudgets/status | policy;
      get list watch | ingresses ingresses/status networkpolicies | networking.k8s.io;
      get list watch | resourceclaims resourceclaims/status resourceclaimtemplates |
        resource.k8s.io`),
  },
  {
    name: 'system:auth-delegator',
    rules: rules(`
      create | tokenreviews | authentication.k8s.io;
      create | subjectaccessreviews | authorization.k8s.io`),
  },
  {
    name: 'system:basic-user',
    rules: rules(`
      create | selfsubjectaccessreviews selfsubjectrulesreviews | authorization.k8s.io;
      create | selfsubjectreviews | authentication.k8s.io`),
  },
  {
    name: 'system:discovery',
    rules: rules(`
      get | /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version
        /version/`),
  },
  {
    name: 'system:monitoring',
    rules: rules(`
      get | /flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz
        /readyz/* /statusz;
      get | nodes/metrics | core`),
  },
  {
    name: 'system:public-info-viewer',
    rules: rules(`
      get | /healthz /livez /readyz /version /version/`),
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: rules(`
      get | /.well-known/openid-configuration /.well-known/openid-configuration/
        /openid/v1/jwks /openid/v1/jwks/`),
  },
];

export const bootstrapBindings: readonly BootstrapBinding[] = [
  { name: 'cluster-admin', role: 'cluster-admin', groups: ['system:masters'] },
  { name: 'system:basic-user', role: 'system:basic-user', groups: ['system:authenticated'] },
  { name: 'system:discovery', role: 'system:discovery', groups: ['system:authenticated'] },
  { name: 'system:monitoring', role: 'system:monitoring', groups: ['system:monitoring'] },
  {
    name: 'system:public-info-viewer',
    role: 'system:public-info-viewer',
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    role: 'system:service-account-issuer-discovery',
    groups: ['system:serviceaccounts'],
  },
];
