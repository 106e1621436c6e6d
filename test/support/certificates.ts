import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeTempDir } from './temp.ts';

const run = promisify(execFile);

export interface TestCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface TestAuthority {
  /** PEM, for whoever is to trust it. */
  readonly certificate: string;
  /** A certificate for 127.0.0.1 and `localhost`, or for another name, valid from and until so many days from now. */
  issue(terms: { fromDays: number; untilDays: number; name?: string }): Promise<TestCertificate>;
  dispose(): Promise<void>;
}

/** Whether this machine has what makes certificates. */
export async function hasOpenssl(): Promise<boolean> {
  try {
    await run('openssl', ['version']);
    return true;
  } catch {
    // Not installed: the tests that need it say so.
    return false;
  }
}

/** A certificate authority for one test, in a directory that goes with it. */
export async function makeAuthority(): Promise<TestAuthority> {
  const temp = await makeTempDir();
  const at = (name: string): string => join(temp.path, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: temp.path });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...ec,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '30',
    '-subj',
    '/CN=test CA',
  );
  await writeFile(
    at('ca.cnf'),
    [
      '[ca]',
      'default_ca = it',
      '[it]',
      ...[
        'database = index.txt',
        'new_certs_dir = .',
        'serial = serial',
        'default_md = sha256',
        'policy = any',
      ],
      ...['certificate = ca.pem', 'private_key = ca.key', 'unique_subject = no'],
      '[any]',
      'commonName = supplied',
    ].join('\n'),
  );
  await writeFile(at('index.txt'), '');
  await writeFile(at('serial'), '01');
  let issued = 0;
  return {
    certificate: await readFile(at('ca.pem'), 'utf8'),
    async issue({ fromDays, untilDays, name }) {
      issued += 1;
      const file = `node${issued}`;
      const names = name === undefined ? 'DNS:localhost,IP:127.0.0.1' : `DNS:${name}`;
      await writeFile(at(`${file}.ext`), `subjectAltName=${names}\n`);
      await openssl(
        'req',
        '-new',
        ...ec,
        '-keyout',
        `${file}.key`,
        '-out',
        `${file}.csr`,
        '-subj',
        '/CN=node',
      );
      const dates = ['-startdate', stamp(fromDays), '-enddate', stamp(untilDays)];
      const files = ['-in', `${file}.csr`, '-out', `${file}.pem`, '-extfile', `${file}.ext`];
      await openssl('ca', '-batch', '-notext', '-config', 'ca.cnf', ...dates, ...files);
      return {
        key: await readFile(at(`${file}.key`), 'utf8'),
        certificate: await readFile(at(`${file}.pem`), 'utf8'),
      };
    },
    dispose: () => temp.remove(),
  };
}

/** As ASN.1 has it: YYMMDDHHMMSSZ. */
function stamp(days: number): string {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${iso.slice(2, 19).replaceAll(/[-T:]/g, '')}Z`;
}
