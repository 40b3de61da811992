import { expect, test } from '@jest/globals';
import { requestCountsOf } from './request-counts.ts';

test('samples are summed by verb, group and resource, without dry runs', () => {
  const metrics = [
    '# TYPE apiserver_request_total counter',
    'apiserver_request_total{code="201",component="apiserver",dry_run="",group="rbac.authorization.k8s.io",resource="rolebindings",scope="resource",subresource="",verb="POST",version="v1"} 3',
    'apiserver_request_total{code="409",component="apiserver",dry_run="",group="rbac.authorization.k8s.io",resource="rolebindings",scope="resource",subresource="",verb="POST",version="v1"} 1',
    'apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="namespaces",scope="cluster",subresource="",verb="LIST",version="v1"} 1e+02',
    'apiserver_request_total{code="201",component="apiserver",dry_run="All",group="rbac.authorization.k8s.io",resource="rolebindings",scope="resource",subresource="",verb="POST",version="v1"} 7',
    'apiserver_request_total_other{verb="POST"} 9',
  ].join('\n');
  expect(requestCountsOf(metrics)).toEqual([
    { verb: 'POST', group: 'rbac.authorization.k8s.io', resource: 'rolebindings', count: 4 },
    { verb: 'LIST', group: '', resource: 'namespaces', count: 100 },
  ]);
});
