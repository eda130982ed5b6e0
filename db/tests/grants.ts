/**
 * All that people and keys may write by themselves, as `trunkline_member`: the columns of each table by verb, in the order of
 * their names. Everything else goes through a door (doors.test.ts), or is not theirs to write. A grant that is not here fails
 * policies.test.ts, and so does a line without its grant.
 */
export const memberWrites: Record<
  string,
  { insert?: readonly string[]; update?: readonly string[]; delete?: true }
> = {
  agents: {
    insert: [
      ...['company_id', 'details', 'kind', 'name', 'provider', 'provider_agent_id', 'status', 'user_id'],
    ],
    update: ['details', 'name', 'status', 'user_id'],
  },
  company_integration_secrets: {
    insert: ['company_id', 'hint', 'integration', 'name', 'secret', 'updated_at', 'updated_by'],
    update: ['hint', 'secret', 'updated_at', 'updated_by'],
    delete: true,
  },
  company_settings: {
    update: [
      ...['ai', 'general', 'integrations', 'notifications', 'quotas', 'updated_at', 'updated_by', 'voice'],
    ],
  },
  invitations: {
    insert: [
      ...['company_id', 'email', 'email_normal', 'expires_at', 'invited_by', 'name', 'profile', 'role'],
      'token_hash',
    ],
    update: [
      ...[
        'email',
        'expires_at',
        'invited_by',
        'name',
        'profile',
        'resent_by',
        'revoked_at',
        'role',
        'sent_at',
      ],
      'token_hash',
    ],
  },
  notifications: {
    update: ['data', 'deleted_at', 'link', 'message', 'read_at', 'title'],
  },
  user_preferences: {
    insert: ['display', 'notifications', 'updated_at', 'user_id'],
    update: ['display', 'notifications', 'updated_at'],
  },
  users: {
    update: ['language', 'name', 'phone', 'timezone'],
  },
  webhook_attempts: {
    insert: [
      ...[
        'answer',
        'at',
        'company_id',
        'delivery_id',
        'duration_ms',
        'error',
        'number',
        'signature',
        'status',
      ],
    ],
  },
  webhook_deliveries: {
    insert: [
      ...['attempts', 'body', 'company_id', 'created_at', 'endpoint_id', 'event_id', 'leased_until'],
      ...['next_attempt_at', 'status', 'type'],
    ],
    update: ['finished_at', 'leased_until', 'next_attempt_at', 'round', 'status'],
  },
  webhook_endpoints: {
    insert: [
      ...['company_id', 'created_by', 'description', 'events', 'header_names', 'headers', 'host', 'id'],
      ...['is_active', 'secret', 'url'],
    ],
    update: [
      ...[
        'description',
        'disabled_at',
        'disabled_reason',
        'events',
        'failing_since',
        'failures',
        'header_names',
      ],
      ...['headers', 'headers_at', 'headers_by', 'host', 'is_active', 'paused_until', 'previous_secret'],
      ...['rotation_ends_at', 'secret', 'secret_at', 'secret_by', 'told_at', 'url', 'url_at', 'url_by'],
    ],
    delete: true,
  },
};
