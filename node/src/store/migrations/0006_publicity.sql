-- What an officer keeps out of publicity, and lets back in: a log that is only added to.
-- What stands is the last row of a record. Whether a record is published is derived from the chain.
CREATE TABLE publicity_withholdings (
  id         bigserial PRIMARY KEY,
  record_id  bigint NOT NULL REFERENCES records (id),
  action     text NOT NULL CHECK (action IN ('withhold', 'release')),
  reason     text CHECK (reason IN ('state-security', 'public-security', 'economic-security',
                                    'social-stability', 'trade-secret', 'privacy')),
  note       text NOT NULL,
  by_name    text NOT NULL,
  at         timestamptz NOT NULL,
  CHECK ((action = 'withhold') = (reason IS NOT NULL))
);
CREATE INDEX publicity_withholdings_record ON publicity_withholdings (record_id, id);
