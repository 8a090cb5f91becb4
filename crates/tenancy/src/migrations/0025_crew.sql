-- Staff and support agents are few among many people: whoever asks who can do something is told how many of them can.
CREATE INDEX users_crew ON users (id) WHERE is_staff OR is_support;
