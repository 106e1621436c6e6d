import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeBackup } from '../../backup/index.ts';
import type { Rooms } from '../rooms.ts';
import type { BackupsPort, Bytes } from '../services.ts';
import { busy } from '../traffic.ts';

/** Backups of the running node: written whole beside the data, sent, and taken away again. */
export class Backups implements BackupsPort {
  readonly #rooms: Rooms;
  #underWay = false;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async make(): Promise<Bytes> {
    // One at a time: each takes as much room as all the data.
    if (this.#underWay) throw busy('backups', 1);
    this.#underWay = true;
    const { config, db, keyring, clock } = this.#rooms;
    const path = join(config.dataDir, `.backup-${randomBytes(6).toString('hex')}.part`);
    try {
      await writeBackup(path, {
        db,
        keyring,
        clock,
        dataDir: config.dataDir,
        keysPath: config.keysPath,
        deploymentPath: config.deploymentPath,
        journalPath: config.journalPath,
      });
    } catch (error) {
      this.#underWay = false;
      throw error;
    }
    const bytes = createReadStream(path);
    bytes.once('close', () => {
      this.#underWay = false;
      // What is left of a backup that was made is sealed, and in the way of nothing.
      rm(path, { force: true }).catch((error: unknown) => {
        this.#rooms.logger.warn({ err: error }, 'a part of a backup could not be removed');
      });
    });
    const stamp = clock
      .now()
      .toISOString()
      .replaceAll(/[-:]|\.\d+/g, '');
    return { bytes, mediaType: 'application/octet-stream', name: `credit-ledger-${stamp}.backup` };
  }
}
