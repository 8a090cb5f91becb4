-- Staff and support agents are few among many people: whoever asks who can do something is told how many of them can.
CREATE INDEX users_crew ON users (id) WHERE is_staff OR is_support;

-- Whose grants a change that is tried out has closed.
CREATE INDEX ix_grants_revoked ON grants (revoked_at) WHERE revoked_at IS NOT NULL;
