import type { ApiResource } from './api-resource.ts';

/*
 * What Kubernetes itself serves, in the order in which kubectl prefers groups. A line holds group, resource, singular,
 * kind, scope (N: in namespaces, C: of the cluster) and short names. Held to a real API server by the conformance suite.
 */
const table = `
- bindings binding Binding N
- componentstatuses componentstatus ComponentStatus C cs
- configmaps configmap ConfigMap N cm
- endpoints endpoints Endpoints N ep
- events event Event N ev
- limitranges limitrange LimitRange N limits
- namespaces namespace Namespace C ns
- namespaces/finalize - Namespace C
- namespaces/status - Namespace C
- nodes node Node C no
- nodes/proxy - NodeProxyOptions C
- nodes/status - Node C
- persistentvolumeclaims persistentvolumeclaim PersistentVolumeClaim N pvc
- persistentvolumeclaims/status - PersistentVolumeClaim N
- persistentvolumes persistentvolume PersistentVolume C pv
- persistentvolumes/status - PersistentVolume C
- pods pod Pod N po
- pods/attach - PodAttachOptions N
- pods/binding - Binding N
- pods/ephemeralcontainers - Pod N
- pods/eviction - Eviction N
- pods/exec - PodExecOptions N
- pods/log - Pod N
- pods/portforward - PodPortForwardOptions N
- pods/proxy - PodProxyOptions N
- pods/resize - Pod N
- pods/status - Pod N
- podtemplates podtemplate PodTemplate N
- replicationcontrollers replicationcontroller ReplicationController N rc
- replicationcontrollers/scale - Scale N
- replicationcontrollers/status - ReplicationController N
- resourcequotas resourcequota ResourceQuota N quota
- resourcequotas/status - ResourceQuota N
- secrets secret Secret N
- serviceaccounts serviceaccount ServiceAccount N sa
- serviceaccounts/token - TokenRequest N
- services service Service N svc
- services/proxy - ServiceProxyOptions N
- services/status - Service N
apiregistration.k8s.io apiservices apiservice APIService C
apiregistration.k8s.io apiservices/status - APIService C
apps controllerrevisions controllerrevision ControllerRevision N
apps daemonsets daemonset DaemonSet N ds
apps daemonsets/status - DaemonSet N
apps deployments deployment Deployment N deploy
apps deployments/scale - Scale N
apps deployments/status - Deployment N
apps replicasets replicaset ReplicaSet N rs
apps replicasets/scale - Scale N
apps replicasets/status - ReplicaSet N
apps statefulsets statefulset StatefulSet N sts
apps statefulsets/scale - Scale N
apps statefulsets/status - StatefulSet N
events.k8s.io events event Event N ev
authentication.k8s.io selfsubjectreviews selfsubjectreview SelfSubjectReview C
authentication.k8s.io tokenreviews tokenreview TokenReview C
authorization.k8s.io localsubjectaccessreviews localsubjectaccessreview LocalSubjectAccessReview N
authorization.k8s.io selfsubjectaccessreviews selfsubjectaccessreview SelfSubjectAccessReview C
authorization.k8s.io selfsubjectrulesreviews selfsubjectrulesreview SelfSubjectRulesReview C
authorization.k8s.io subjectaccessreviews subjectaccessreview SubjectAccessReview C
autoscaling horizontalpodautoscalers horizontalpodautoscaler HorizontalPodAutoscaler N hpa
autoscaling horizontalpodautoscalers/status - HorizontalPodAutoscaler N
batch cronjobs cronjob CronJob N cj
batch cronjobs/status - CronJob N
batch jobs job Job N
batch jobs/status - Job N
certificates.k8s.io certificatesigningrequests certificatesigningrequest CertificateSigningRequest C csr
certificates.k8s.io certificatesigningrequests/approval - CertificateSigningRequest C
certificates.k8s.io certificatesigningrequests/status - CertificateSigningRequest C
networking.k8s.io ingressclasses ingressclass IngressClass C
networking.k8s.io ingresses ingress Ingress N ing
networking.k8s.io ingresses/status - Ingress N
networking.k8s.io ipaddresses ipaddress IPAddress C ip
networking.k8s.io networkpolicies networkpolicy NetworkPolicy N netpol
networking.k8s.io servicecidrs servicecidr ServiceCIDR C
networking.k8s.io servicecidrs/status - ServiceCIDR C
policy poddisruptionbudgets poddisruptionbudget PodDisruptionBudget N pdb
policy poddisruptionbudgets/status - PodDisruptionBudget N
rbac.authorization.k8s.io clusterrolebindings clusterrolebinding ClusterRoleBinding C
rbac.authorization.k8s.io clusterroles clusterrole ClusterRole C
rbac.authorization.k8s.io rolebindings rolebinding RoleBinding N
rbac.authorization.k8s.io roles role Role N
storage.k8s.io csidrivers csidriver CSIDriver C
storage.k8s.io csinodes csinode CSINode C
storage.k8s.io csistoragecapacities csistoragecapacity CSIStorageCapacity N
storage.k8s.io storageclasses storageclass StorageClass C sc
storage.k8s.io volumeattachments volumeattachment VolumeAttachment C
storage.k8s.io volumeattachments/status - VolumeAttachment C
storage.k8s.io volumeattributesclasses volumeattributesclass VolumeAttributesClass C vac
admissionregistration.k8s.io mutatingadmissionpolicies mutatingadmissionpolicy MutatingAdmissionPolicy C
admissionregistration.k8s.io mutatingadmissionpolicybindings mutatingadmissionpolicybinding MutatingAdmissionPolicyBinding C
admissionregistration.k8s.io mutatingwebhookconfigurations mutatingwebhookconfiguration MutatingWebhookConfiguration C
admissionregistration.k8s.io validatingadmissionpolicies validatingadmissionpolicy ValidatingAdmissionPolicy C
admissionregistration.k8s.io validatingadmissionpolicies/status - ValidatingAdmissionPolicy C
admissionregistration.k8s.io validatingadmissionpolicybindings validatingadmissionpolicybinding ValidatingAdmissionPolicyBinding C
admissionregistration.k8s.io validatingwebhookconfigurations validatingwebhookconfiguration ValidatingWebhookConfiguration C
apiextensions.k8s.io customresourcedefinitions customresourcedefinition CustomResourceDefinition C crd,crds
apiextensions.k8s.io customresourcedefinitions/status - CustomResourceDefinition C
scheduling.k8s.io priorityclasses priorityclass PriorityClass C pc
coordination.k8s.io leases lease Lease N
node.k8s.io runtimeclasses runtimeclass RuntimeClass C
discovery.k8s.io endpointslices endpointslice EndpointSlice N
resource.k8s.io deviceclasses deviceclass DeviceClass C
resource.k8s.io resourceclaims resourceclaim ResourceClaim N
resource.k8s.io resourceclaims/status - ResourceClaim N
resource.k8s.io resourceclaimtemplates resourceclaimtemplate ResourceClaimTemplate N
resource.k8s.io resourceslices resourceslice ResourceSlice C
flowcontrol.apiserver.k8s.io flowschemas flowschema FlowSchema C
flowcontrol.apiserver.k8s.io flowschemas/status - FlowSchema C
flowcontrol.apiserver.k8s.io prioritylevelconfigurations prioritylevelconfiguration PriorityLevelConfiguration C
flowcontrol.apiserver.k8s.io prioritylevelconfigurations/status - PriorityLevelConfiguration C
`;

/**
 * What names mean in a cluster that has not told what it serves. Versions and verbs are left out: they are the
 * cluster's to say.
 */
export const kubernetesResources: readonly ApiResource[] = table
  .trim()
  .split('\n')
  .map((line) => {
    const [group = '', resource = '', singular = '', kind = '', scope = '', short = ''] =
      line.split(' ');
    return {
      group: group === '-' ? '' : group,
      version: '',
      resource,
      singular: singular === '-' ? '' : singular,
      shortNames: short === '' ? [] : short.split(','),
      kind,
      namespaced: scope === 'N',
      verbs: [],
    };
  });
