-- What 0006_publicity added.
INSERT INTO publicity_withholdings VALUES (1, 1, 'withhold', 'privacy', 'note', 'officer', '2026-05-01Z');
