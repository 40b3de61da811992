{{- define "ambit-central.labels" -}}
app.kubernetes.io/name: ambit-central
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "ambit-central.selector" -}}
app.kubernetes.io/name: ambit-central
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ambit-central.name" -}}
{{- if contains "ambit-central" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-ambit-central{{ end -}}
{{- end }}

{{- define "ambit-central.url" -}}
{{- if .Values.publicUrl }}{{ .Values.publicUrl }}
{{- else if .Values.ingress.enabled }}https://{{ .Values.ingress.host }}
{{- else if .Values.gatewayApi.enabled }}https://{{ .Values.gatewayApi.host }}
{{- end -}}
{{- end }}

{{- define "ambit-central.agentAddress" -}}
{{- .Values.agents.address | default (printf "%s-agents.%s:%d" (include "ambit-central.name" .) .Release.Namespace (int .Values.service.agents.port)) -}}
{{- end }}

{{- define "ambit-central.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "ambit-central.podSecurity" -}}
runAsNonRoot: true
runAsUser: 54321
runAsGroup: 54321
fsGroup: 54321
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "ambit-central.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "ambit-central.databaseEnv" -}}
- name: AMBIT_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.urlKey }}
{{- with .Values.database.auditUrlKey }}
- name: AMBIT_DATABASE_AUDIT_URL
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.database.existingSecret }}
      key: {{ . }}
{{- end }}
- name: AMBIT_AUDIT_RETENTION
  value: {{ .Values.audit.retention }}
- name: AMBIT_DATA_DIR
  value: /var/lib/ambit/data
- name: AMBIT_CACHE_DIR
  value: /tmp
- name: AMBIT_LOG_LEVEL
  value: {{ .Values.log.level }}
- name: AMBIT_LOG_FORMAT
  value: {{ .Values.log.format }}
{{- end }}

{{- define "ambit-central.databaseMount" -}}
{{- if .Values.database.files.existingSecret }}
- { name: database, mountPath: /etc/ambit/database, readOnly: true }
{{- end }}
{{- end }}

{{- define "ambit-central.databaseVolume" -}}
{{- with .Values.database.files.existingSecret }}
- name: database
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{- define "ambit-central.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
