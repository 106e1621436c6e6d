import { dirname, join } from 'node:path';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { loadConfig } from '../../config.ts';
import { FileKeyring, type KeyRole, readPassphrase } from '../../keys/index.ts';
import { openKeyring, openStore, passphraseOf } from '../../setup.ts';
import type { Book } from '../command.ts';

const ROLES: readonly KeyRole[] = ['operator', 'witness'];

/** Keys of a node, in its keystores: what a person may see of them, and do with them. */
export function keysCommands(book: Book): void {
  const keys = book.group('keys', { en: 'keys of this node, in their keystores', zh: '本节点密钥库' });

  book.command<[], object>(
    keys,
    'show',
    {
      en: 'addresses of the keys; opens the keystores, so it also tries the passphrase',
      zh: '显示密钥地址（同时验证口令）',
    },
    'ledger keys show --data /srv/ledger',
    (command) => command,
    async ({ out, dataDir, surroundings }) => {
      const config = await loadConfig(dataDir, surroundings.environment);
      const keyring = await openKeyring(config, surroundings.environment, surroundings.askPassphrase);
      const held = { operator: keyring.addresses('operator'), witness: keyring.addresses('witness') };
      const isChanged = held.operator.length + held.witness.length > 2;
      out.result(
        { ...keyring.toJSON(), held, directory: config.keysPath },
        [
          ...held.operator.map((address) => `operator ${address}`),
          ...held.witness.map((address) => `witness  ${address}`),
          config.keysPath,
          ...(isChanged
            ? [
                out.words({
                  en: 'The chain says which of them sign: see "ledger status --json".',
                  zh: '由链上状态决定使用哪一把，见 "ledger status --json"。',
                }),
              ]
            : []),
        ].join('\n'),
      );
    },
  );

  book.command<[], { role?: string }>(
    keys,
    'new',
    {
      en: 'make new keys for a change by the council; the node may run, and takes them in when the chain names them',
      zh: '为理事会换钥生成新密钥（节点可继续运行，链上启用后自动采用）',
    },
    'ledger keys new --role witness --data /srv/ledger',
    (command) =>
      command.option(
        '--role <role>',
        book.words({ en: 'operator or witness; both by default', zh: 'operator 或 witness，默认两者' }),
      ),
    async ({ out, dataDir, surroundings }, { role }) => {
      const roles = ROLES.filter((each) => role === undefined || each === role);
      if (roles.length === 0) throw roleUnknown(role);
      const config = await loadConfig(dataDir, surroundings.environment);
      const keyring = await openKeyring(config, surroundings.environment, surroundings.askPassphrase);
      const made: { role: KeyRole; address: string }[] = [];
      for (const each of roles) made.push({ role: each, address: await keyring.createKey(each) });
      out.result(
        { made, directory: config.keysPath },
        [
          ...made.map((key) => `${key.role.padEnd(8)} ${key.address}`),
          out.words({
            en: 'Back up the keys now. Then hand these addresses to the council, with the member’s number: it decides the block from which they hold (changeKeys). They need coin where gas has a price.',
            zh: '请立即备份密钥，然后将地址与成员编号提交理事会，由其决定自哪个区块起启用（changeKeys）。若链上收取费用，新地址须有余额。',
          }),
        ].join('\n'),
      );
    },
  );

  book.command<[], object>(
    keys,
    'convert',
    {
      en: 'make keystores from the one key file of the first versions; the old file stays',
      zh: '将旧版单一密钥文件转换为密钥库（旧文件保留）',
    },
    'ledger keys convert --data /srv/ledger',
    (command) => command,
    async ({ out, dataDir, surroundings }) => {
      const config = await loadConfig(dataDir, surroundings.environment);
      const old = join(dirname(config.keysPath), 'keys.json');
      const passphrase = await passphraseOf(config, surroundings.environment, surroundings.askPassphrase);
      const keyring = await FileKeyring.convert(old, config.keysPath, passphrase);
      out.result(
        { ...keyring.toJSON(), directory: config.keysPath, oldFile: old },
        out.words({
          en: `The keys are in ${config.keysPath} now. When the node has started well, keep ${old} with the backups or destroy it.`,
          zh: `密钥已存入 ${config.keysPath}。确认节点正常启动后，请将 ${old} 归入备份或销毁。`,
        }),
      );
    },
  );

  book.command<[], { newPassphraseFile: string }>(
    keys,
    'passphrase',
    { en: 'put the keys under another passphrase; the node must not run', zh: '更换密钥口令（节点须停止）' },
    'ledger keys passphrase --new-passphrase-file /etc/ledger/passphrase.new',
    (command) =>
      command.requiredOption(
        '--new-passphrase-file <file>',
        book.words({ en: 'file with the new passphrase', zh: '新口令文件' }),
      ),
    async ({ out, dataDir, surroundings, path }, { newPassphraseFile }) => {
      const config = await loadConfig(dataDir, surroundings.environment);
      const keyring = await openKeyring(config, surroundings.environment, surroundings.askPassphrase);
      const file = path(newPassphraseFile);
      const passphrase = await readPassphrase({ LEDGER_KEYS_PASSPHRASE_FILE: file }).catch(() => {
        throw new LedgerError(
          'KEYRING_PASSPHRASE_MISSING',
          { en: `There is no passphrase in ${file}.`, zh: `${file} 中没有口令。` },
          { file },
        );
      });
      // A node that runs would go on writing under the former passphrase: the store is held, so that none does.
      const store = await openStore(config);
      const former = await keyring.changePassphrase(passphrase).finally(() => store.close());
      out.result(
        { directory: config.keysPath, former },
        out.words({
          en: `The keys are under the new passphrase. The former keystores are in ${former}: destroy them when the node has started well.`,
          zh: `密钥已改用新口令。旧密钥库位于 ${former}，确认节点正常启动后请销毁。`,
        }),
      );
    },
  );
}

function roleUnknown(role: string | undefined): LedgerError {
  return new LedgerError(
    'KEY_ROLE_UNKNOWN',
    {
      en: `There is no key role ${role}: operator and witness are.`,
      zh: `没有密钥角色 ${role}，可选 operator 或 witness。`,
    },
    { role: role ?? null },
  );
}
