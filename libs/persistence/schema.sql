CREATE EXTENSION pg_trgm;

CREATE SEQUENCE audit_position AS bigint;

CREATE TABLE agent_certificates (
  fingerprint text NOT NULL,
  agent_uid text NOT NULL,
  serial text NOT NULL,
  not_before timestamp with time zone NOT NULL,
  not_after timestamp with time zone NOT NULL,
  issued_order bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  completed_hello_at timestamp with time zone,
  superseded_at timestamp with time zone,
  renewed_by text,
  CONSTRAINT agent_certificates_agent_uid_fkey FOREIGN KEY (agent_uid) REFERENCES agents(uid),
  CONSTRAINT agent_certificates_pkey PRIMARY KEY (fingerprint),
  CONSTRAINT agent_certificates_serial_key UNIQUE (serial)
);
CREATE INDEX agent_certificates_agent ON public.agent_certificates USING btree (agent_uid, issued_order);

CREATE TABLE agent_orders (
  revision bigint NOT NULL,
  cluster_uid text NOT NULL,
  word text NOT NULL,
  CONSTRAINT agent_orders_word_check CHECK ((word = ANY (ARRAY['release_removals'::text, 'release_gains'::text]))),
  CONSTRAINT agent_orders_pkey PRIMARY KEY (revision, cluster_uid, word)
);

CREATE TABLE agents (
  uid text NOT NULL,
  cluster_uid text NOT NULL,
  enrolled_at timestamp with time zone DEFAULT now() NOT NULL,
  enrolled_order bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  revoked_at timestamp with time zone,
  revoked_because text,
  hello_fingerprint text,
  CONSTRAINT agents_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT agents_pkey PRIMARY KEY (uid)
);
CREATE INDEX agents_cluster ON public.agents USING btree (cluster_uid);

CREATE TABLE api_tokens (
  uid text NOT NULL,
  id text NOT NULL,
  name text COLLATE "C" NOT NULL,
  hash bytea NOT NULL,
  role text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  CONSTRAINT api_tokens_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'sync'::text, 'viewer'::text]))),
  CONSTRAINT api_tokens_pkey PRIMARY KEY (uid),
  CONSTRAINT api_tokens_id_key UNIQUE (id)
);
CREATE UNIQUE INDEX api_tokens_name ON public.api_tokens USING btree (name) WHERE (revoked_at IS NULL);

CREATE TABLE audit_cursor (
  cluster_uid text NOT NULL,
  spool_epoch text NOT NULL,
  last_seq bigint NOT NULL,
  updated_at timestamp with time zone NOT NULL,
  CONSTRAINT audit_cursor_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT audit_cursor_pkey PRIMARY KEY (cluster_uid, spool_epoch)
);

CREATE TABLE audit_events (
  "position" bigint DEFAULT nextval('audit_position'::regclass) NOT NULL,
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  received_at timestamp with time zone NOT NULL,
  type text NOT NULL,
  actor text NOT NULL,
  cluster text,
  object_kind text,
  object_name text,
  event jsonb NOT NULL,
  reported_by text DEFAULT 'unknown'::text NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX audit_events_actor ON ONLY public.audit_events USING btree (actor, received_at, "position");
CREATE INDEX audit_events_cluster ON ONLY public.audit_events USING btree (cluster, received_at, "position") WHERE (cluster IS NOT NULL);
CREATE INDEX audit_events_commit ON ONLY public.audit_events USING btree (xid, "position");
CREATE INDEX audit_events_facts ON ONLY public.audit_events USING gin ((ARRAY[type, cluster, actor]), ((event -> 'subjects'::text)), ((event -> 'grants'::text)));
CREATE INDEX audit_events_object ON ONLY public.audit_events USING btree (object_kind, object_name, received_at) WHERE (object_name IS NOT NULL);
CREATE INDEX audit_events_time ON ONLY public.audit_events USING btree (received_at, "position");
CREATE INDEX audit_events_type ON ONLY public.audit_events USING btree (type, received_at, "position");

CREATE TABLE audit_events_default (
  "position" bigint DEFAULT nextval('audit_position'::regclass) NOT NULL,
  xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  received_at timestamp with time zone NOT NULL,
  type text NOT NULL,
  actor text NOT NULL,
  cluster text,
  object_kind text,
  object_name text,
  event jsonb NOT NULL,
  reported_by text DEFAULT 'unknown'::text NOT NULL
) PARTITION OF audit_events DEFAULT;
CREATE INDEX audit_events_default_actor_received_at_position_idx ON public.audit_events_default USING btree (actor, received_at, "position");
CREATE INDEX audit_events_default_array_expr_expr1_idx ON public.audit_events_default USING gin ((ARRAY[type, cluster, actor]), ((event -> 'subjects'::text)), ((event -> 'grants'::text)));
CREATE INDEX audit_events_default_cluster_received_at_position_idx ON public.audit_events_default USING btree (cluster, received_at, "position") WHERE (cluster IS NOT NULL);
CREATE INDEX audit_events_default_object_kind_object_name_received_at_idx ON public.audit_events_default USING btree (object_kind, object_name, received_at) WHERE (object_name IS NOT NULL);
CREATE INDEX audit_events_default_received_at_position_idx ON public.audit_events_default USING btree (received_at, "position");
CREATE INDEX audit_events_default_type_received_at_position_idx ON public.audit_events_default USING btree (type, received_at, "position");
CREATE INDEX audit_events_default_xid_position_idx ON public.audit_events_default USING btree (xid, "position");

CREATE TABLE audit_retention (
  singleton boolean DEFAULT true NOT NULL,
  days integer NOT NULL,
  CONSTRAINT audit_retention_days_check CHECK (((days >= 1) AND (days <= 3650))),
  CONSTRAINT audit_retention_singleton_check CHECK (singleton),
  CONSTRAINT audit_retention_pkey PRIMARY KEY (singleton)
);

CREATE TABLE cluster_inventory_versions (
  cluster_uid text NOT NULL,
  version uuid NOT NULL,
  unmanaged uuid,
  CONSTRAINT cluster_inventory_versions_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid) ON DELETE CASCADE,
  CONSTRAINT cluster_inventory_versions_pkey PRIMARY KEY (cluster_uid)
);

CREATE TABLE cluster_namespaces (
  cluster_uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  labels jsonb NOT NULL,
  phase text NOT NULL,
  CONSTRAINT cluster_namespaces_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT cluster_namespaces_pkey PRIMARY KEY (cluster_uid, name)
);

CREATE TABLE cluster_resources (
  cluster_uid text NOT NULL,
  items jsonb,
  hash text,
  staged jsonb,
  CONSTRAINT cluster_resources_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT cluster_resources_pkey PRIMARY KEY (cluster_uid)
);

CREATE TABLE cluster_roles (
  cluster_uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  rules jsonb NOT NULL,
  hash text NOT NULL,
  CONSTRAINT cluster_roles_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT cluster_roles_pkey PRIMARY KEY (cluster_uid, name)
);

CREATE TABLE cluster_sync (
  cluster_uid text NOT NULL,
  state_epoch bigint NOT NULL,
  session_epoch bigint NOT NULL,
  replica text,
  connected_at timestamp with time zone,
  disconnected_at timestamp with time zone,
  accepted_revision bigint,
  applied_revision bigint,
  root bytea,
  results jsonb,
  agent_version text,
  kubernetes_version text,
  ceiling jsonb,
  ceiling_digest text,
  conditions text[] DEFAULT '{}'::text[] NOT NULL,
  last_seen_at timestamp with time zone,
  offered_revision bigint,
  ceiling_version text DEFAULT md5((ceiling)::text),
  CONSTRAINT cluster_sync_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT cluster_sync_pkey PRIMARY KEY (cluster_uid)
) WITH (fillfactor=70);

CREATE TABLE cluster_unmanaged (
  cluster_uid text NOT NULL,
  key text COLLATE "C" NOT NULL,
  fact jsonb NOT NULL,
  bytes integer NOT NULL,
  CONSTRAINT cluster_unmanaged_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid) ON DELETE CASCADE,
  CONSTRAINT cluster_unmanaged_pkey PRIMARY KEY (cluster_uid, key)
);

CREATE TABLE cluster_unmanaged_totals (
  cluster_uid text NOT NULL,
  left_out bigint NOT NULL,
  CONSTRAINT cluster_unmanaged_totals_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid) ON DELETE CASCADE,
  CONSTRAINT cluster_unmanaged_totals_pkey PRIMARY KEY (cluster_uid)
);

CREATE TABLE clusters (
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  subject_mode text NOT NULL,
  user_prefix text NOT NULL,
  kube_system_uid text,
  removed_at timestamp with time zone,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  access jsonb,
  CONSTRAINT clusters_subject_mode_check CHECK ((subject_mode = ANY (ARRAY['Users'::text, 'Groups'::text]))),
  CONSTRAINT clusters_pkey PRIMARY KEY (uid)
) WITH (fillfactor=90);
CREATE UNIQUE INDEX clusters_kube_system ON public.clusters USING btree (kube_system_uid) WHERE (removed_at IS NULL);
CREATE INDEX clusters_labels ON public.clusters USING gin (labels jsonb_path_ops);
CREATE UNIQUE INDEX clusters_name ON public.clusters USING btree (name) WHERE (removed_at IS NULL);
CREATE INDEX clusters_search ON public.clusters USING gin (((name || ''::text)) gin_trgm_ops);

CREATE TABLE credential_requests (
  id text NOT NULL,
  cluster_uid text NOT NULL,
  request bytea NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  taken_at timestamp with time zone,
  answer bytea,
  CONSTRAINT credential_requests_pkey PRIMARY KEY (id)
);
CREATE INDEX credential_requests_open ON public.credential_requests USING btree (cluster_uid) WHERE (taken_at IS NULL);

CREATE TABLE directories (
  provider_uid text NOT NULL,
  last_call_at timestamp with time zone,
  last_error_at timestamp with time zone,
  last_error text,
  stopped_at timestamp with time zone,
  stopped_because text,
  resumed_until timestamp with time zone,
  CONSTRAINT directories_provider_uid_fkey FOREIGN KEY (provider_uid) REFERENCES policy_objects(uid) ON DELETE CASCADE,
  CONSTRAINT directories_pkey PRIMARY KEY (provider_uid)
);

CREATE TABLE directory_groups (
  provider_uid text NOT NULL,
  group_uid text NOT NULL,
  display_name text NOT NULL,
  external_id text,
  made_here boolean NOT NULL,
  version integer NOT NULL,
  created_at timestamp with time zone NOT NULL,
  changed_at timestamp with time zone NOT NULL,
  CONSTRAINT directory_groups_group_uid_fkey FOREIGN KEY (group_uid) REFERENCES groups(uid) ON DELETE CASCADE,
  CONSTRAINT directory_groups_provider_uid_fkey FOREIGN KEY (provider_uid) REFERENCES policy_objects(uid) ON DELETE CASCADE,
  CONSTRAINT directory_groups_pkey PRIMARY KEY (provider_uid, group_uid),
  CONSTRAINT directory_groups_provider_uid_external_id_key UNIQUE (provider_uid, external_id)
);
CREATE INDEX directory_groups_group ON public.directory_groups USING btree (group_uid);
CREATE UNIQUE INDEX directory_groups_name ON public.directory_groups USING btree (provider_uid, lower(display_name));

CREATE TABLE directory_removals (
  provider_uid text NOT NULL,
  scope text NOT NULL,
  user_uid text NOT NULL,
  at timestamp with time zone NOT NULL,
  CONSTRAINT directory_removals_provider_uid_fkey FOREIGN KEY (provider_uid) REFERENCES policy_objects(uid) ON DELETE CASCADE,
  CONSTRAINT directory_removals_pkey PRIMARY KEY (provider_uid, scope, user_uid)
);

CREATE TABLE directory_users (
  provider_uid text NOT NULL,
  user_uid text NOT NULL,
  user_name text NOT NULL,
  external_id text,
  attributes jsonb NOT NULL,
  made_here boolean NOT NULL,
  locked_here boolean NOT NULL,
  version integer NOT NULL,
  created_at timestamp with time zone NOT NULL,
  changed_at timestamp with time zone NOT NULL,
  CONSTRAINT directory_users_provider_uid_fkey FOREIGN KEY (provider_uid) REFERENCES policy_objects(uid) ON DELETE CASCADE,
  CONSTRAINT directory_users_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid) ON DELETE CASCADE,
  CONSTRAINT directory_users_pkey PRIMARY KEY (provider_uid, user_uid),
  CONSTRAINT directory_users_provider_uid_external_id_key UNIQUE (provider_uid, external_id)
);
CREATE UNIQUE INDEX directory_users_name ON public.directory_users USING btree (provider_uid, lower(user_name));
CREATE INDEX directory_users_user ON public.directory_users USING btree (user_uid);

CREATE TABLE given_memberships (
  group_uid text NOT NULL,
  user_uid text NOT NULL,
  source text NOT NULL,
  CONSTRAINT given_memberships_source_check CHECK ((source <> 'local'::text)),
  CONSTRAINT given_memberships_group_uid_user_uid_fkey FOREIGN KEY (group_uid, user_uid) REFERENCES group_members(group_uid, user_uid) ON DELETE CASCADE,
  CONSTRAINT given_memberships_pkey PRIMARY KEY (group_uid, user_uid, source)
);
CREATE INDEX given_memberships_source ON public.given_memberships USING btree (source, user_uid);
CREATE INDEX given_memberships_user ON public.given_memberships USING btree (user_uid);

CREATE TABLE grant_clusters (
  grant_uid text NOT NULL,
  cluster_uid text NOT NULL,
  CONSTRAINT grant_clusters_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT grant_clusters_grant_uid_fkey FOREIGN KEY (grant_uid) REFERENCES grants(uid),
  CONSTRAINT grant_clusters_pkey PRIMARY KEY (grant_uid, cluster_uid)
);
CREATE INDEX grant_clusters_cluster ON public.grant_clusters USING btree (cluster_uid);

CREATE TABLE grant_condition_faults (
  group_uid text NOT NULL,
  user_uid text NOT NULL,
  problem text NOT NULL,
  CONSTRAINT grant_condition_faults_group_uid_fkey FOREIGN KEY (group_uid) REFERENCES grant_conditions(group_uid) ON DELETE CASCADE,
  CONSTRAINT grant_condition_faults_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid) ON DELETE CASCADE,
  CONSTRAINT grant_condition_faults_pkey PRIMARY KEY (group_uid, user_uid)
);
CREATE INDEX grant_condition_faults_user ON public.grant_condition_faults USING btree (user_uid);

CREATE TABLE grant_conditions (
  group_uid text NOT NULL,
  grant_uid text NOT NULL,
  labels jsonb NOT NULL,
  match text NOT NULL,
  reads text[] NOT NULL,
  subjects text[] NOT NULL,
  CONSTRAINT grant_conditions_grant_uid_fkey FOREIGN KEY (grant_uid) REFERENCES grants(uid) ON DELETE CASCADE,
  CONSTRAINT grant_conditions_group_uid_fkey FOREIGN KEY (group_uid) REFERENCES groups(uid) ON DELETE CASCADE,
  CONSTRAINT grant_conditions_pkey PRIMARY KEY (group_uid)
);
CREATE INDEX grant_conditions_grant ON public.grant_conditions USING btree (grant_uid);
CREATE INDEX grant_conditions_reads ON public.grant_conditions USING gin (reads);
CREATE INDEX grant_conditions_subjects ON public.grant_conditions USING gin (subjects);

CREATE TABLE grant_subjects (
  grant_uid text NOT NULL,
  ordinal integer NOT NULL,
  user_uid text,
  group_uid text,
  service_uid text,
  team_uid text,
  CONSTRAINT grant_subjects_check CHECK ((num_nonnulls(user_uid, group_uid, service_uid, team_uid) = 1)),
  CONSTRAINT grant_subjects_grant_uid_fkey FOREIGN KEY (grant_uid) REFERENCES grants(uid),
  CONSTRAINT grant_subjects_group_uid_fkey FOREIGN KEY (group_uid) REFERENCES groups(uid),
  CONSTRAINT grant_subjects_service_uid_fkey FOREIGN KEY (service_uid) REFERENCES policy_objects(uid),
  CONSTRAINT grant_subjects_team_uid_fkey FOREIGN KEY (team_uid) REFERENCES policy_objects(uid),
  CONSTRAINT grant_subjects_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid),
  CONSTRAINT grant_subjects_pkey PRIMARY KEY (grant_uid, ordinal)
);
CREATE INDEX grant_subjects_group ON public.grant_subjects USING btree (group_uid) WHERE (group_uid IS NOT NULL);
CREATE INDEX grant_subjects_service ON public.grant_subjects USING btree (service_uid) WHERE (service_uid IS NOT NULL);
CREATE INDEX grant_subjects_team ON public.grant_subjects USING btree (team_uid) WHERE (team_uid IS NOT NULL);
CREATE INDEX grant_subjects_user ON public.grant_subjects USING btree (user_uid) WHERE (user_uid IS NOT NULL);

CREATE TABLE grants (
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  role_uid text NOT NULL,
  clusters_scope text NOT NULL,
  cluster_selector jsonb,
  namespaces jsonb NOT NULL,
  not_before timestamp with time zone,
  until timestamp with time zone,
  reason text,
  ended boolean DEFAULT false NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  source text COLLATE "C" DEFAULT 'api'::text NOT NULL,
  hours jsonb,
  windows jsonb,
  windows_due timestamp with time zone,
  match text,
  CONSTRAINT grants_check CHECK (((clusters_scope = 'selector'::text) = (cluster_selector IS NOT NULL))),
  CONSTRAINT grants_check1 CHECK (((until IS NOT NULL) OR (NOT ended))),
  CONSTRAINT grants_clusters_scope_check CHECK ((clusters_scope = ANY (ARRAY['names'::text, 'selector'::text, 'all'::text]))),
  CONSTRAINT grants_source_check CHECK ((source ~ '^[a-z]{1,32}(/[A-Za-z0-9._-]{1,128})?$'::text)),
  CONSTRAINT grants_windows CHECK (((hours IS NULL) = (windows IS NULL))),
  CONSTRAINT grants_role_uid_fkey FOREIGN KEY (role_uid) REFERENCES roles(uid),
  CONSTRAINT grants_pkey PRIMARY KEY (uid),
  CONSTRAINT grants_name_key UNIQUE (name)
) WITH (fillfactor=90);
CREATE INDEX grants_labels ON public.grants USING gin (labels jsonb_path_ops);
CREATE INDEX grants_match ON public.grants USING btree (uid) WHERE (match IS NOT NULL);
CREATE INDEX grants_role ON public.grants USING btree (role_uid);
CREATE INDEX grants_search ON public.grants USING gin (((name || ''::text)) gin_trgm_ops, ((reason || ''::text)) gin_trgm_ops);
CREATE INDEX grants_until ON public.grants USING btree (until) WHERE ((until IS NOT NULL) AND (NOT ended));
CREATE INDEX grants_windows_due ON public.grants USING btree (windows_due) WHERE ((windows_due IS NOT NULL) AND (NOT ended));

CREATE TABLE group_members (
  group_uid text NOT NULL,
  user_uid text NOT NULL,
  local boolean DEFAULT true NOT NULL,
  CONSTRAINT group_members_group_uid_fkey FOREIGN KEY (group_uid) REFERENCES groups(uid),
  CONSTRAINT group_members_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid),
  CONSTRAINT group_members_pkey PRIMARY KEY (group_uid, user_uid)
);
CREATE INDEX group_members_user ON public.group_members USING btree (user_uid);

CREATE TABLE groups (
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  closed_to text[],
  CONSTRAINT groups_pkey PRIMARY KEY (uid),
  CONSTRAINT groups_name_key UNIQUE (name)
) WITH (fillfactor=90);
CREATE INDEX groups_labels ON public.groups USING gin (labels jsonb_path_ops);
CREATE INDEX groups_search ON public.groups USING gin (((name || ''::text)) gin_trgm_ops, ((display_name || ''::text)) gin_trgm_ops);

CREATE TABLE identities (
  uid text NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  provider_uid text,
  user_uid text NOT NULL,
  linked_by text NOT NULL,
  linked_at timestamp with time zone DEFAULT now() NOT NULL,
  last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
  unlinked_at timestamp with time zone,
  CONSTRAINT identities_linked_by_check CHECK ((linked_by = ANY (ARRAY['ExternalId'::text, 'Email'::text, 'OnSignIn'::text]))),
  CONSTRAINT identities_provider_uid_fkey FOREIGN KEY (provider_uid) REFERENCES policy_objects(uid) ON DELETE SET NULL,
  CONSTRAINT identities_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid) ON DELETE CASCADE,
  CONSTRAINT identities_pkey PRIMARY KEY (uid),
  CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject)
);
CREATE INDEX identities_provider ON public.identities USING btree (provider_uid);
CREATE INDEX identities_user ON public.identities USING btree (user_uid);

CREATE TABLE installation (
  singleton boolean DEFAULT true NOT NULL,
  uid text NOT NULL,
  compiler_version integer NOT NULL,
  state_epoch bigint NOT NULL,
  ca_fingerprint text NOT NULL,
  state_key_fingerprint text NOT NULL,
  epoch_key_fingerprint text NOT NULL,
  bootstrapped_at timestamp with time zone,
  explained_from bigint DEFAULT 0 NOT NULL,
  epoch_raise bytea,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT installation_singleton_check CHECK (singleton),
  CONSTRAINT installation_pkey PRIMARY KEY (singleton)
);

CREATE TABLE issuer_keys (
  kid text NOT NULL,
  public_key jsonb NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  signs_from timestamp with time zone NOT NULL,
  CONSTRAINT issuer_keys_pkey PRIMARY KEY (kid)
);

CREATE TABLE join_tokens (
  id text NOT NULL,
  cluster_uid text NOT NULL,
  secret_hash bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  proof_key bytea,
  CONSTRAINT join_tokens_cluster_uid_fkey FOREIGN KEY (cluster_uid) REFERENCES clusters(uid),
  CONSTRAINT join_tokens_pkey PRIMARY KEY (id)
);
CREATE INDEX join_tokens_cluster ON public.join_tokens USING btree (cluster_uid);

CREATE TABLE local_credentials (
  user_uid text NOT NULL,
  password_hash text,
  totp_secret bytea,
  last_totp_step bigint,
  set_up_hash bytea,
  set_up_until timestamp with time zone,
  CONSTRAINT local_credentials_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid) ON DELETE CASCADE,
  CONSTRAINT local_credentials_pkey PRIMARY KEY (user_uid),
  CONSTRAINT local_credentials_set_up_hash_key UNIQUE (set_up_hash)
);

CREATE TABLE migrations (
  id integer DEFAULT nextval('migrations_id_seq'::regclass) NOT NULL,
  "timestamp" bigint NOT NULL,
  name character varying NOT NULL,
  CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY (id)
);

CREATE TABLE policy_changes (
  revision bigint NOT NULL,
  ordinal integer NOT NULL,
  kind text NOT NULL,
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  op text NOT NULL,
  object jsonb,
  actor text NOT NULL,
  at timestamp with time zone NOT NULL,
  CONSTRAINT policy_changes_check CHECK (((op = 'put'::text) = (object IS NOT NULL))),
  CONSTRAINT policy_changes_kind_check CHECK ((kind ~ '^[A-Z][A-Za-z]{0,62}$'::text)) NOT VALID,
  CONSTRAINT policy_changes_op_check CHECK ((op = ANY (ARRAY['put'::text, 'delete'::text, 'revoke'::text]))),
  CONSTRAINT policy_changes_pkey PRIMARY KEY (revision, ordinal)
);
CREATE INDEX policy_changes_in_group ON public.policy_changes USING btree (split_part(uid, '/'::text, 1), revision) WHERE (kind = 'Membership'::text);
CREATE INDEX policy_changes_left ON public.policy_changes USING btree (at) WHERE (kind = 'LeftGroup'::text);
CREATE INDEX policy_changes_named ON public.policy_changes USING btree (kind, name, revision) INCLUDE (uid) WHERE ((kind <> 'Membership'::text) AND (kind <> 'LeftGroup'::text));
CREATE INDEX policy_changes_of_user ON public.policy_changes USING btree (split_part(uid, '/'::text, 2), revision) WHERE (kind = 'Membership'::text);
CREATE INDEX policy_changes_uid ON public.policy_changes USING btree (uid, revision);

CREATE TABLE policy_head (
  singleton boolean DEFAULT true NOT NULL,
  revision bigint NOT NULL,
  frozen_at bigint,
  CONSTRAINT policy_head_singleton_check CHECK (singleton),
  CONSTRAINT policy_head_state_ahead CHECK ((revision <= frozen_at)),
  CONSTRAINT policy_head_pkey PRIMARY KEY (singleton)
);

CREATE TABLE policy_lineage (
  revision bigint NOT NULL,
  lineage bytea NOT NULL,
  CONSTRAINT policy_lineage_pkey PRIMARY KEY (revision)
);

CREATE TABLE policy_objects (
  uid text NOT NULL,
  kind text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  spec jsonb NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT policy_objects_kind_check CHECK ((kind ~ '^[A-Z][A-Za-z]{0,62}$'::text)),
  CONSTRAINT policy_objects_pkey PRIMARY KEY (uid),
  CONSTRAINT policy_objects_kind_name_key UNIQUE (kind, name)
) WITH (fillfactor=90);
CREATE INDEX policy_objects_labels ON public.policy_objects USING gin (labels jsonb_path_ops);
CREATE INDEX policy_objects_team_members ON public.policy_objects USING gin (((spec -> 'members'::text)) jsonb_path_ops) WHERE (kind = 'Team'::text);

CREATE TABLE renew_nonces (
  nonce_hash bytea NOT NULL,
  fingerprint text NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT renew_nonces_fingerprint_fkey FOREIGN KEY (fingerprint) REFERENCES agent_certificates(fingerprint),
  CONSTRAINT renew_nonces_pkey PRIMARY KEY (nonce_hash)
);
CREATE INDEX renew_nonces_certificate ON public.renew_nonces USING btree (fingerprint);

CREATE TABLE roles (
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  description text,
  cluster_role text,
  rules jsonb,
  built_in boolean DEFAULT false NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  CONSTRAINT roles_check CHECK ((num_nonnulls(cluster_role, rules) = 1)),
  CONSTRAINT roles_pkey PRIMARY KEY (uid),
  CONSTRAINT roles_name_key UNIQUE (name)
) WITH (fillfactor=90);
CREATE INDEX roles_labels ON public.roles USING gin (labels jsonb_path_ops);
CREATE INDEX roles_search ON public.roles USING gin (((name || ''::text)) gin_trgm_ops, ((description || ''::text)) gin_trgm_ops);

CREATE TABLE sessions (
  uid text NOT NULL,
  id text NOT NULL,
  hash bytea NOT NULL,
  principal_kind text NOT NULL,
  principal_uid text NOT NULL,
  principal_name text NOT NULL,
  signed_in_by text NOT NULL,
  address text NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  last_used_at timestamp with time zone,
  ended_at timestamp with time zone,
  ended_because text,
  token_until timestamp with time zone,
  identity_uid text,
  token_name text,
  warned_days integer,
  let_in_by jsonb,
  upstream_session text,
  CONSTRAINT sessions_check CHECK (((token_name IS NULL) OR (principal_kind = 'ServiceIdentity'::text))),
  CONSTRAINT sessions_principal_kind_check CHECK ((principal_kind = ANY (ARRAY['User'::text, 'ServiceIdentity'::text]))),
  CONSTRAINT sessions_pkey PRIMARY KEY (uid),
  CONSTRAINT sessions_id_key UNIQUE (id)
);
CREATE INDEX sessions_begun ON public.sessions USING btree (principal_uid, created_at);
CREATE INDEX sessions_by_identity ON public.sessions USING btree (identity_uid) WHERE ((ended_at IS NULL) AND (identity_uid IS NOT NULL));
CREATE INDEX sessions_by_principal ON public.sessions USING btree (principal_uid) WHERE (ended_at IS NULL);
CREATE INDEX sessions_by_upstream ON public.sessions USING btree (upstream_session) WHERE ((ended_at IS NULL) AND (upstream_session IS NOT NULL));
CREATE INDEX sessions_static ON public.sessions USING btree (principal_uid, token_name) WHERE ((token_name IS NOT NULL) AND (ended_at IS NULL));

CREATE TABLE sign_in_attempts (
  key bytea NOT NULL,
  count integer NOT NULL,
  last_at timestamp with time zone NOT NULL,
  next_at timestamp with time zone NOT NULL,
  CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (key)
);

CREATE TABLE sign_in_key (
  is_the_one boolean DEFAULT true NOT NULL,
  fingerprint text NOT NULL,
  CONSTRAINT sign_in_key_is_the_one_check CHECK (is_the_one),
  CONSTRAINT sign_in_key_pkey PRIMARY KEY (is_the_one)
);

CREATE TABLE sign_in_records (
  model text NOT NULL,
  id bytea NOT NULL,
  handle bytea,
  grant_id text,
  payload jsonb NOT NULL,
  consumed_at timestamp with time zone,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT sign_in_records_pkey PRIMARY KEY (model, id)
);
CREATE INDEX sign_in_records_by_end ON public.sign_in_records USING btree (expires_at);
CREATE INDEX sign_in_records_by_grant ON public.sign_in_records USING btree (grant_id) WHERE (grant_id IS NOT NULL);
CREATE UNIQUE INDEX sign_in_records_by_handle ON public.sign_in_records USING btree (model, handle) WHERE (handle IS NOT NULL);

CREATE TABLE states_ahead (
  holder text NOT NULL,
  cluster text COLLATE "C",
  held_epoch bigint NOT NULL,
  held_revision bigint NOT NULL,
  state_epoch bigint NOT NULL,
  revision bigint NOT NULL,
  proved_at timestamp with time zone NOT NULL,
  CONSTRAINT states_ahead_pkey PRIMARY KEY (holder)
);

CREATE TABLE sync_removals (
  scope text NOT NULL,
  user_uid text NOT NULL,
  at timestamp with time zone NOT NULL,
  CONSTRAINT sync_removals_pkey PRIMARY KEY (scope, user_uid)
);
CREATE INDEX sync_removals_at ON public.sync_removals USING btree (at);

CREATE TABLE team_rule_faults (
  group_uid text NOT NULL,
  match text NOT NULL,
  user_uid text NOT NULL,
  problem text NOT NULL,
  CONSTRAINT team_rule_faults_group_uid_match_fkey FOREIGN KEY (group_uid, match) REFERENCES team_rules(group_uid, match) ON DELETE CASCADE,
  CONSTRAINT team_rule_faults_user_uid_fkey FOREIGN KEY (user_uid) REFERENCES users(uid) ON DELETE CASCADE,
  CONSTRAINT team_rule_faults_pkey PRIMARY KEY (group_uid, match, user_uid)
);
CREATE INDEX team_rule_faults_user ON public.team_rule_faults USING btree (user_uid);

CREATE TABLE team_rules (
  group_uid text NOT NULL,
  match text NOT NULL,
  reads text[] NOT NULL,
  matches_blank boolean NOT NULL,
  CONSTRAINT team_rules_group_uid_fkey FOREIGN KEY (group_uid) REFERENCES groups(uid) ON DELETE CASCADE,
  CONSTRAINT team_rules_pkey PRIMARY KEY (group_uid, match)
);
CREATE INDEX team_rules_reads ON public.team_rules USING gin (reads);

CREATE TABLE used_tokens (
  principal_uid text NOT NULL,
  token bytea NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT used_tokens_pkey PRIMARY KEY (principal_uid, token)
);
CREATE INDEX used_tokens_by_end ON public.used_tokens USING btree (expires_at);

CREATE TABLE users (
  uid text NOT NULL,
  name text COLLATE "C" NOT NULL,
  display_name text,
  active boolean NOT NULL,
  labels jsonb NOT NULL,
  annotations jsonb NOT NULL,
  generation integer NOT NULL,
  revision bigint NOT NULL,
  created_at timestamp with time zone NOT NULL,
  attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
  given_attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
  CONSTRAINT users_pkey PRIMARY KEY (uid),
  CONSTRAINT users_name_key UNIQUE (name)
) WITH (fillfactor=90);
CREATE INDEX users_labels ON public.users USING gin (labels jsonb_path_ops);
CREATE INDEX users_search ON public.users USING gin (((name || ''::text)) gin_trgm_ops, ((display_name || ''::text)) gin_trgm_ops);

CREATE OR REPLACE FUNCTION public.audit_drop_before(before timestamp with time zone)
 RETURNS SETOF text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '30s'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  floor timestamptz := date_trunc('day', now()) - make_interval(days => (SELECT days FROM public.audit_retention));
  until timestamptz := date_trunc('day', before);
  partition text;
BEGIN
  -- A clock that is a little ahead of the database's asks a day too early at midnight.
  IF until IS NULL OR NOT isfinite(until) OR until > floor + interval '1 day' THEN
    RAISE EXCEPTION 'the audit trail is kept for % days',
      (SELECT days FROM public.audit_retention) USING ERRCODE = 'invalid_parameter_value';
  END IF;
  until := least(until, floor);
  PERFORM pg_advisory_xact_lock(hashtext('ambit audit partitions'));
  FOR partition IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.audit_events'::regclass AND c.relname ~ '^audit_events_[0-9]{8}$'
      AND c.relname < 'audit_events_' || to_char(until, 'YYYYMMDD')
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE public.%I', partition);
    RETURN NEXT partition;
  END LOOP;
  DELETE FROM public.audit_events_default WHERE received_at < until;
END
$function$
;

CREATE OR REPLACE FUNCTION public.audit_make_partition(ahead integer)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '30s'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  day date;
  partition text;
BEGIN
  IF ahead IS NULL OR ahead < 0 OR ahead > 31 THEN
    RAISE EXCEPTION 'partitions are made for today and the next 31 days' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- One at a time; whoever comes second finds the work done.
  PERFORM pg_advisory_xact_lock(hashtext('ambit audit partitions'));
  day := now()::date + ahead;
  partition := 'audit_events_' || to_char(day, 'YYYYMMDD');
  IF to_regclass('public.' || partition) IS NOT NULL THEN
    RETURN NULL;
  END IF;
  EXECUTE format(
    'CREATE TABLE public.%1$I (LIKE public.audit_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
       CONSTRAINT day CHECK (received_at >= %2$L AND received_at < %3$L))', partition, day::timestamptz, (day + 1)::timestamptz);
  -- A day that began before its partition was made has rows in the default one: they move along.
  EXECUTE format(
    'WITH moved AS (
       DELETE FROM public.audit_events_default WHERE received_at >= %2$L AND received_at < %3$L RETURNING *)
     INSERT INTO public.%1$I SELECT * FROM moved', partition, day::timestamptz, (day + 1)::timestamptz);
  EXECUTE format(
    'ALTER TABLE public.audit_events ATTACH PARTITION public.%1$I FOR VALUES FROM (%2$L) TO (%3$L)',
    partition, day::timestamptz, (day + 1)::timestamptz);
  EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT day', partition);
  RETURN partition;
END
$function$
;

CREATE OR REPLACE FUNCTION public.inventory_changed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO cluster_inventory_versions (cluster_uid, version)
    SELECT cluster_uid, gen_random_uuid() FROM (SELECT DISTINCT cluster_uid FROM changed) AS touched ORDER BY cluster_uid
    ON CONFLICT (cluster_uid) DO UPDATE SET version = excluded.version;
  RETURN NULL;
END
$function$
;

CREATE OR REPLACE FUNCTION public.unmanaged_changed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  INSERT INTO cluster_inventory_versions (cluster_uid, version, unmanaged)
    SELECT cluster_uid, gen_random_uuid(), gen_random_uuid()
    FROM (SELECT DISTINCT cluster_uid FROM changed) AS touched ORDER BY cluster_uid
    ON CONFLICT (cluster_uid) DO UPDATE SET unmanaged = excluded.unmanaged;
  RETURN NULL;
END
$function$
;

CREATE TRIGGER cluster_namespaces_delete AFTER DELETE ON public.cluster_namespaces REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_namespaces_insert AFTER INSERT ON public.cluster_namespaces REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_namespaces_update AFTER UPDATE ON public.cluster_namespaces REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_resources_delete AFTER DELETE ON public.cluster_resources REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_resources_insert AFTER INSERT ON public.cluster_resources REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_resources_update AFTER UPDATE ON public.cluster_resources REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_roles_delete AFTER DELETE ON public.cluster_roles REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_roles_insert AFTER INSERT ON public.cluster_roles REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_roles_update AFTER UPDATE ON public.cluster_roles REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION inventory_changed();

CREATE TRIGGER cluster_unmanaged_delete AFTER DELETE ON public.cluster_unmanaged REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed();

CREATE TRIGGER cluster_unmanaged_insert AFTER INSERT ON public.cluster_unmanaged REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed();

CREATE TRIGGER cluster_unmanaged_update AFTER UPDATE ON public.cluster_unmanaged REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed();

CREATE TRIGGER cluster_unmanaged_totals_delete AFTER DELETE ON public.cluster_unmanaged_totals REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed();

CREATE TRIGGER cluster_unmanaged_totals_insert AFTER INSERT ON public.cluster_unmanaged_totals REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed();

CREATE TRIGGER cluster_unmanaged_totals_update AFTER UPDATE ON public.cluster_unmanaged_totals REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unmanaged_changed();
