{{- define "ambit-agent.labels" -}}
app.kubernetes.io/name: ambit-agent
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "ambit-agent.selector" -}}
app.kubernetes.io/name: ambit-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ambit-agent.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* The names are fixed: one agent is in a cluster, and the policies judge this account. */ -}}
{{- define "ambit-agent.account" -}}
system:serviceaccount:{{ .Release.Namespace }}:ambit-agent
{{- end }}

{{- /* A size as one number: Kubernetes gives 1024Mi back as 1Gi. */ -}}
{{- define "ambit-agent.mebibytes" -}}
{{- $units := dict "Ki" 0.0009765625 "Mi" 1 "Gi" 1024 "Ti" 1048576 "Pi" 1073741824 -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[A-Z]i$" .) | default 0) -}}
{{- end }}

{{- define "ambit-agent.ceilingFile" -}}
apiVersion: ambit.dev/v1
kind: Ceiling
spec:
  {{- toYaml .Values.ceiling | nindent 2 }}
{{- end }}

{{- /* ceilingDigest of libs/rbac for a ceiling without rules of its own. */ -}}
{{- define "ambit-agent.ceilingDigest" -}}
{{- $c := .Values.ceiling -}}
{{- $always := list "kube-system" "kube-public" "kube-node-lease" "ambit-system" .Release.Namespace -}}
{{- if has "ServiceAccountToken" $c.credentials }}{{ $always = append $always "ambit-access" }}{{ end -}}
{{- $protected := concat $always $c.protectedNamespaces | uniq | sortAlpha -}}
{{- $credentials := "" -}}
{{- if $c.credentials }}{{ $credentials = printf ",\"credentials\":%s" ($c.credentials | uniq | sortAlpha | toRawJson) }}{{ end -}}
{{- $namespaces := "" -}}
{{- with $c.namespaces }}{{ if .manage }}{{ $namespaces = printf ",\"namespaces\":{\"manage\":%s,\"labels\":%s,\"weakestPodSecurity\":%s}" (.manage | uniq | sortAlpha | toRawJson) (.labels | uniq | sortAlpha | toRawJson) (.weakestPodSecurity | toRawJson) }}{{ end }}{{ end -}}
{{- printf "{\"allowedClusterRoles\":%s,\"customRoles\":{\"rules\":[]},\"clusterScope\":%t,\"protectedNamespaces\":%s,\"subjectPrefixes\":%s,\"removalGuard\":{\"share\":%s,\"moreThan\":%s},\"breakGlass\":%s%s%s}" ($c.allowedClusterRoles | uniq | sortAlpha | toRawJson) $c.clusterScope ($protected | toRawJson) ($c.subjectPrefixes | uniq | sortAlpha | toRawJson) ($c.removalGuard.share | toRawJson) ($c.removalGuard.moreThan | toRawJson) ($c.breakGlass | uniq | sortAlpha | toRawJson) $credentials $namespaces | sha256sum -}}
{{- end }}
