-- Made by `python -m tests.store.write_layout` from the migrations, statement by statement.

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
CREATE TABLE counters (
	name VARCHAR NOT NULL,
	value BIGINT NOT NULL,
	CONSTRAINT pk_counters PRIMARY KEY (name)
);
CREATE TABLE scopes (
	id INTEGER NOT NULL,
	account VARCHAR NOT NULL,
	watch VARCHAR NOT NULL,
	"key" VARCHAR NOT NULL,
	workspace VARCHAR,
	baseline_from BIGINT,
	baselined_at BIGINT,
	last_good BIGINT,
	last_good_platform BIGINT,
	swept_at BIGINT,
	paging VARCHAR,
	total_gap BIGINT,
	parser_version VARCHAR,
	shrunk VARCHAR,
	made_at BIGINT NOT NULL,
	CONSTRAINT pk_scopes PRIMARY KEY (id),
	CONSTRAINT uq_scopes_account_watch_key UNIQUE (account, watch, "key")
);
CREATE TABLE jobs (
	id INTEGER NOT NULL,
	scope_id INTEGER NOT NULL,
	account VARCHAR NOT NULL,
	job_id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	created_at BIGINT NOT NULL,
	active BOOLEAN NOT NULL,
	gone BOOLEAN NOT NULL,
	missing_since BIGINT,
	usage_due BIGINT,
	hash BIGINT NOT NULL,
	significant BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	doc VARCHAR NOT NULL, creator VARCHAR, model VARCHAR, archived_at BIGINT,
	CONSTRAINT pk_jobs PRIMARY KEY (id),
	CONSTRAINT fk_jobs_scope_id FOREIGN KEY(scope_id) REFERENCES scopes (id),
	CONSTRAINT uq_jobs_scope_id_job_id UNIQUE (scope_id, job_id)
);
CREATE INDEX ix_jobs_account_created_at_id ON jobs (account, created_at, id);
CREATE INDEX ix_jobs_active ON jobs (created_at, id) WHERE active IS 1;
CREATE INDEX ix_jobs_created_at_id ON jobs (created_at, id);
CREATE INDEX ix_jobs_job_id ON jobs (job_id);
CREATE INDEX ix_jobs_name ON jobs (name);
CREATE TABLE flavors (
	id INTEGER NOT NULL,
	scope_id INTEGER NOT NULL,
	account VARCHAR NOT NULL,
	flavor_id VARCHAR NOT NULL,
	listed BOOLEAN NOT NULL,
	revision BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	doc VARCHAR NOT NULL,
	CONSTRAINT pk_flavors PRIMARY KEY (id),
	CONSTRAINT fk_flavors_scope_id FOREIGN KEY(scope_id) REFERENCES scopes (id),
	CONSTRAINT uq_flavors_scope_id_flavor_id UNIQUE (scope_id, flavor_id)
);
CREATE TABLE events (
	seq INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	type VARCHAR NOT NULL,
	account VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	revision BIGINT NOT NULL,
	time BIGINT NOT NULL,
	detected_at BIGINT NOT NULL,
	severity VARCHAR NOT NULL,
	late BOOLEAN NOT NULL,
	quiet BOOLEAN NOT NULL,
	data VARCHAR NOT NULL,
	CONSTRAINT pk_events PRIMARY KEY (seq),
	CONSTRAINT uq_events_id UNIQUE (id)
);
CREATE INDEX ix_events_account_seq ON events (account, seq);
CREATE INDEX ix_events_detected_at ON events (detected_at);
CREATE INDEX ix_events_subject_seq ON events (subject, seq);
CREATE INDEX ix_events_type_seq ON events (type, seq);
CREATE TABLE subject_revisions (
	account VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	revision BIGINT NOT NULL,
	CONSTRAINT pk_subject_revisions PRIMARY KEY (account, subject)
);
CREATE TABLE first_sights (
	account VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	word VARCHAR NOT NULL,
	CONSTRAINT pk_first_sights PRIMARY KEY (account, kind, word)
);
CREATE TABLE health (
	account VARCHAR NOT NULL,
	watch VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	failures BIGINT NOT NULL,
	since BIGINT NOT NULL,
	reason VARCHAR NOT NULL,
	CONSTRAINT pk_health PRIMARY KEY (account, watch)
);
CREATE TABLE bad_signatures (
	fingerprint VARCHAR NOT NULL,
	count BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	CONSTRAINT pk_bad_signatures PRIMARY KEY (fingerprint)
);
CREATE TABLE bookings (
	id INTEGER NOT NULL,
	account VARCHAR NOT NULL,
	provider VARCHAR NOT NULL,
	scope_id INTEGER NOT NULL,
	job_id VARCHAR NOT NULL,
	job_name VARCHAR NOT NULL,
	model VARCHAR,
	creator VARCHAR,
	labels VARCHAR NOT NULL,
	at BIGINT NOT NULL,
	tokens BIGINT NOT NULL,
	cost VARCHAR,
	currency VARCHAR,
	correction BOOLEAN NOT NULL, flavor VARCHAR, region VARCHAR, workspace VARCHAR, kind VARCHAR, node_ms BIGINT DEFAULT 0 NOT NULL, card_ms BIGINT DEFAULT 0 NOT NULL,
	CONSTRAINT pk_bookings PRIMARY KEY (id),
	CONSTRAINT fk_bookings_scope_id FOREIGN KEY(scope_id) REFERENCES scopes (id)
);
CREATE INDEX ix_bookings_account_at ON bookings (account, at);
CREATE INDEX ix_bookings_at ON bookings (at);
CREATE TABLE cursors (
	name VARCHAR NOT NULL,
	seq BIGINT NOT NULL,
	CONSTRAINT pk_cursors PRIMARY KEY (name)
);
CREATE TABLE rule_state (
	"key" VARCHAR NOT NULL,
	value BLOB NOT NULL,
	CONSTRAINT pk_rule_state PRIMARY KEY ("key")
);
CREATE TABLE notifications (
	n INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	rule VARCHAR NOT NULL,
	severity VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	plain VARCHAR NOT NULL,
	markdown VARCHAR NOT NULL,
	created_at BIGINT NOT NULL, shadow BOOLEAN DEFAULT 0 NOT NULL,
	CONSTRAINT pk_notifications PRIMARY KEY (n),
	CONSTRAINT uq_notifications_id UNIQUE (id)
);
CREATE TABLE notification_events (
	notification INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	CONSTRAINT pk_notification_events PRIMARY KEY (notification, seq),
	CONSTRAINT fk_notification_events_notification FOREIGN KEY(notification) REFERENCES notifications (n),
	CONSTRAINT fk_notification_events_seq FOREIGN KEY(seq) REFERENCES events (seq)
);
CREATE INDEX ix_notification_events_seq ON notification_events (seq);
CREATE TABLE deliveries (
	n INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	notification INTEGER NOT NULL,
	rule VARCHAR NOT NULL,
	sink VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	ready BOOLEAN NOT NULL,
	attempt INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	next_at BIGINT,
	settled_at BIGINT,
	detail VARCHAR NOT NULL, renewed_at BIGINT,
	CONSTRAINT pk_deliveries PRIMARY KEY (n),
	CONSTRAINT fk_deliveries_notification FOREIGN KEY(notification) REFERENCES notifications (n),
	CONSTRAINT uq_deliveries_id UNIQUE (id)
);
CREATE INDEX ix_deliveries_claim ON deliveries (sink, n, next_at) WHERE ready IS 1;
CREATE INDEX ix_deliveries_due ON deliveries (sink, next_at) WHERE ready IS 1;
CREATE INDEX ix_deliveries_notification ON deliveries (notification);
CREATE INDEX ix_deliveries_open ON deliveries (sink, rule, n) WHERE settled_at IS NULL;
CREATE INDEX ix_deliveries_sink_n ON deliveries (sink, n);
CREATE INDEX ix_deliveries_state_n ON deliveries (state, n);
CREATE TABLE unsettled (
	sink VARCHAR NOT NULL,
	rule VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	delivery INTEGER NOT NULL,
	CONSTRAINT pk_unsettled PRIMARY KEY (sink, rule, subject, delivery),
	CONSTRAINT fk_unsettled_delivery FOREIGN KEY(delivery) REFERENCES deliveries (n)
)
 WITHOUT ROWID

;
CREATE INDEX ix_unsettled_delivery ON unsettled (delivery);
CREATE TABLE attempts (
	delivery INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT,
	outcome VARCHAR,
	detail VARCHAR NOT NULL,
	reference VARCHAR,
	CONSTRAINT pk_attempts PRIMARY KEY (delivery, attempt),
	CONSTRAINT fk_attempts_delivery FOREIGN KEY(delivery) REFERENCES deliveries (n)
);
CREATE INDEX ix_jobs_creator_created_at_id ON jobs (creator, created_at, id);
CREATE INDEX ix_jobs_model_created_at_id ON jobs (model, created_at, id);
CREATE INDEX ix_events_severity_seq ON events (severity, seq);
CREATE INDEX ix_notifications_rule_n ON notifications (rule, n);
CREATE INDEX ix_notifications_severity_n ON notifications (severity, n);
CREATE INDEX ix_notifications_created_at ON notifications (created_at);
CREATE INDEX ix_deliveries_rule_n ON deliveries (rule, n);
CREATE INDEX ix_deliveries_sink_state_n ON deliveries (sink, state, n);
CREATE INDEX ix_jobs_active_account ON jobs (account, created_at, id) WHERE active IS 1;
CREATE INDEX ix_jobs_here ON jobs (created_at, id) WHERE gone IS 0;
CREATE INDEX ix_jobs_here_account ON jobs (account, created_at, id) WHERE gone IS 0;
CREATE INDEX ix_jobs_here_account_state ON jobs (account, state, created_at, id) WHERE gone IS 0;
CREATE INDEX ix_jobs_here_state ON jobs (state, created_at, id) WHERE gone IS 0;
CREATE TABLE job_counts (
	account VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	count BIGINT NOT NULL,
	CONSTRAINT pk_job_counts PRIMARY KEY (account, state)
);
CREATE TRIGGER job_counts_insert AFTER INSERT ON jobs WHEN NOT NEW.gone BEGIN INSERT INTO job_counts (account, state, count) VALUES (NEW.account, NEW.state, 1) ON CONFLICT (account, state) DO UPDATE SET count = job_counts.count + 1; END;
CREATE TRIGGER job_counts_delete AFTER DELETE ON jobs WHEN NOT OLD.gone BEGIN UPDATE job_counts SET count = count - 1 WHERE account = OLD.account AND state = OLD.state; END;
CREATE TRIGGER job_counts_leave AFTER UPDATE ON jobs WHEN (OLD.state <> NEW.state OR OLD.account <> NEW.account OR OLD.gone <> NEW.gone) AND NOT OLD.gone BEGIN UPDATE job_counts SET count = count - 1 WHERE account = OLD.account AND state = OLD.state; END;
CREATE TRIGGER job_counts_enter AFTER UPDATE ON jobs WHEN (OLD.state <> NEW.state OR OLD.account <> NEW.account OR OLD.gone <> NEW.gone) AND NOT NEW.gone BEGIN INSERT INTO job_counts (account, state, count) VALUES (NEW.account, NEW.state, 1) ON CONFLICT (account, state) DO UPDATE SET count = job_counts.count + 1; END;
CREATE TABLE silences (
	n INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	"match" VARCHAR NOT NULL,
	owner VARCHAR NOT NULL,
	comment VARCHAR NOT NULL,
	starts_at BIGINT NOT NULL,
	ends_at BIGINT NOT NULL,
	ended_at BIGINT,
	ended_by VARCHAR,
	CONSTRAINT pk_silences PRIMARY KEY (n),
	CONSTRAINT uq_silences_id UNIQUE (id)
);
CREATE TABLE hidden (
	n INTEGER NOT NULL,
	"by" VARCHAR NOT NULL,
	rule VARCHAR NOT NULL,
	sinks VARCHAR NOT NULL,
	seq INTEGER NOT NULL,
	at BIGINT NOT NULL, first BOOLEAN DEFAULT 1 NOT NULL,
	CONSTRAINT pk_hidden PRIMARY KEY (n),
	CONSTRAINT fk_hidden_seq_events FOREIGN KEY(seq) REFERENCES events (seq)
);
CREATE INDEX ix_hidden_by_seq_n ON hidden ("by", seq, n);
CREATE INDEX ix_hidden_rule_n ON hidden (rule, n);
CREATE INDEX ix_hidden_seq_n ON hidden (seq, n);
CREATE INDEX ix_notifications_shadow ON notifications (n) WHERE shadow IS 1;
CREATE INDEX ix_silences_open ON silences (n) WHERE ended_at IS NULL;
CREATE TABLE forgotten_jobs (
	account VARCHAR NOT NULL,
	job_id VARCHAR NOT NULL,
	revision BIGINT NOT NULL,
	booked_tokens BIGINT, booked_time VARCHAR,
	CONSTRAINT pk_forgotten_jobs PRIMARY KEY (account, job_id)
)
 WITHOUT ROWID

;
CREATE TABLE sink_health (
	sink VARCHAR NOT NULL,
	since BIGINT,
	probe_at BIGINT,
	told_at BIGINT,
	failures BIGINT NOT NULL,
	messages BIGINT NOT NULL,
	refusals BIGINT NOT NULL,
	detail VARCHAR NOT NULL,
	delivered_at BIGINT,
	canary_at BIGINT,
	paced_to BIGINT,
	CONSTRAINT pk_sink_health PRIMARY KEY (sink)
);
CREATE TABLE sink_losses (
	sink VARCHAR NOT NULL,
	cause VARCHAR NOT NULL,
	told_at BIGINT NOT NULL,
	count BIGINT NOT NULL,
	last VARCHAR NOT NULL,
	CONSTRAINT pk_sink_losses PRIMARY KEY (sink, cause)
);
CREATE TABLE budget_marks (
	budget VARCHAR NOT NULL,
	period VARCHAR NOT NULL,
	threshold VARCHAR NOT NULL,
	reached_at BIGINT NOT NULL,
	CONSTRAINT pk_budget_marks PRIMARY KEY (budget, period, threshold)
);
CREATE TABLE progress (
	scope_id INTEGER NOT NULL,
	job_id VARCHAR NOT NULL,
	tokens BIGINT,
	lines BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	CONSTRAINT pk_progress PRIMARY KEY (scope_id, job_id),
	CONSTRAINT fk_progress_scope_id FOREIGN KEY(scope_id) REFERENCES scopes (id)
);
CREATE INDEX ix_jobs_gone ON jobs (changed_at, id) WHERE gone IS 1 AND archived_at IS NULL;
CREATE TABLE actions (
	n INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	account VARCHAR NOT NULL,
	scope_id INTEGER NOT NULL,
	job_id VARCHAR NOT NULL,
	job_name VARCHAR NOT NULL,
	attempt INTEGER NOT NULL,
	asked_kind VARCHAR NOT NULL,
	asked_by VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	tries INTEGER NOT NULL,
	requested_at BIGINT NOT NULL,
	sent_at BIGINT,
	due_at BIGINT,
	settled_at BIGINT,
	CONSTRAINT pk_actions PRIMARY KEY (n),
	CONSTRAINT fk_actions_scope_id FOREIGN KEY(scope_id) REFERENCES scopes (id),
	CONSTRAINT uq_actions_id UNIQUE (id)
);
CREATE INDEX ix_actions_account_job_id_n ON actions (account, job_id, n);
CREATE INDEX ix_actions_account_n ON actions (account, n);
CREATE INDEX ix_actions_settled_at ON actions (settled_at);
CREATE UNIQUE INDEX ix_actions_open ON actions (account, job_id) WHERE settled_at IS NULL;
CREATE TABLE cleanup_state (
	policy VARCHAR NOT NULL,
	ran_at BIGINT,
	stopped_at BIGINT,
	reason VARCHAR NOT NULL,
	form VARCHAR NOT NULL,
	CONSTRAINT pk_cleanup_state PRIMARY KEY (policy)
);
CREATE TABLE quotas (
	account VARCHAR NOT NULL,
	resource VARCHAR NOT NULL,
	used BIGINT NOT NULL,
	cap BIGINT,
	seen_at BIGINT NOT NULL,
	told BIGINT NOT NULL,
	CONSTRAINT pk_quotas PRIMARY KEY (account, resource)
);
INSERT INTO "alembic_version" VALUES('0006');
INSERT INTO "counters" VALUES('event',0);
INSERT INTO "counters" VALUES('notification',0);
INSERT INTO "counters" VALUES('delivery',0);
INSERT INTO "counters" VALUES('action',0);
INSERT INTO meta VALUES('epoch', lower(hex(randomblob(16))));
