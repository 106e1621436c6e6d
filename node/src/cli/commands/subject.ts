import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import {
  findApplication,
  type Hex,
  isSelfDeclaredKind,
  ledgerDomain,
  LedgerError,
  randomSalt256,
  TRUTH_PROMISE,
} from '@credit-ledger/sdk/protocol';
import type { Command } from 'commander';
import { bytesToHex } from 'viem';
import type { QuestionAbout } from '../../api/schemas/subjects.ts';
import { readDeployment } from '../../setup.ts';
import { openSubjectKey, createSubjectKey, type SubjectKey } from '../../subject-key.ts';
import type { Book, Context } from '../command.ts';
import { EXIT } from '../io.ts';
import { requireWritable } from '../output-file.ts';
import { showQuestionsAbout } from '../questions-about.ts';
import { textFile } from '../signing-files.ts';
import {
  bindingDocument,
  bindingEndDocument,
  consentDocument,
  consentRevocationDocument,
  describeDocument,
  questionsDocument,
  readDocument,
  statementDocument,
  statementRevocationDocument,
  type SubjectDocument,
  typedDataOf,
} from '../subject-documents.ts';

interface Made {
  readonly deployment: string;
  readonly output?: string;
}
interface ConsentOptions extends Made {
  readonly binding: string;
  readonly bindingId: string;
  readonly application: string;
  readonly register: string;
  readonly requester: string;
  readonly from?: string;
  readonly until: string;
  readonly maxUses?: string;
}
interface StatementOptions extends Made {
  readonly binding: string;
  readonly bindingId: string;
  readonly kind: string;
  readonly name: string;
  readonly title: string;
  readonly contents: string;
  readonly day: string;
  readonly until?: string;
  readonly public?: boolean;
}

/** For a subject that runs no node: its key, what it signs, and what was asked about it. */
export function subjectCommands(book: Book): void {
  const subject = book.group('subject', {
    en: 'for a subject without a node: its key and what it signs',
    zh: '供未部署节点的主体使用：密钥与签署',
  });
  keyCommands(book, subject);
  documentCommands(book, subject);
  questionCommand(book, subject);
}

function keyCommands(book: Book, subject: Command): void {
  book.command<[string], object>(
    subject,
    'keygen <file>',
    { en: 'make a key, sealed under a passphrase', zh: '生成密钥（以口令加密）' },
    'ledger subject keygen company.key.json',
    (command) => command,
    async ({ out, path, surroundings }, _options, file) => {
      const { address } = await createSubjectKey(path(file), surroundings.environment);
      out.result({ address, file: path(file) }, address);
    },
  );
  book.command<[string], object>(
    subject,
    'address <file>',
    { en: 'the address of a key', zh: '显示密钥地址' },
    'ledger subject address company.key.json',
    (command) => command,
    async ({ out, path, surroundings }, _options, file) => {
      const { address } = await openSubjectKey(path(file), surroundings.environment);
      out.result({ address }, address);
    },
  );
  book.command<[string], { key: string; output?: string; yes?: boolean }>(
    subject,
    'sign <document>',
    { en: 'show what a document says and, with --yes, sign it', zh: '显示文书内容，加 --yes 则签署' },
    'ledger subject sign consent.json --key company.key.json --yes --output consent.signed.json',
    (command) =>
      command
        .requiredOption('--key <file>', book.words({ en: 'key of the subject', zh: '主体密钥文件' }))
        .option('--yes', book.words({ en: 'it was read; sign it', zh: '已阅读，确认签署' }))
        .option(
          '--output <file>',
          book.words({ en: 'write the signed document here', zh: '签署后文书写到此处' }),
        ),
    async (context, { key, output, yes }, file) => {
      const { out, path, surroundings } = context;
      const document = readDocument(await textFile(path(file)));
      const said = describeDocument(document, out.lang);
      out.note({ en: said, zh: said });
      if (yes !== true) {
        out.result(
          { signed: false },
          out.words({
            en: 'Nothing was signed. Read it, then add --yes.',
            zh: '尚未签署。请阅读后加 --yes 重新执行。',
          }),
        );
        return context.exit(EXIT.unable);
      }
      if (output !== undefined) await requireWritable(path(output), { mustBeNew: false });
      const signing = await openSubjectKey(path(key), surroundings.environment);
      const { signer: _signer, signature: _signature, ...unsigned } = document;
      const signature = await signing.sign(typedDataOf(document));
      await write(context, { ...unsigned, signer: signing.address, signature }, output);
    },
  );
}

function documentCommands(book: Book, subject: Command): void {
  const made = (command: Command): Command =>
    command
      .requiredOption(
        '--deployment <file>',
        book.words({ en: 'deployment file of the ledger', zh: '账本部署文件' }),
      )
      .option('--output <file>', book.words({ en: 'write the document here', zh: '文书写到此处' }));
  const bound = (command: Command): Command =>
    made(command)
      .requiredOption(
        '--binding <file>',
        book.words({ en: 'your binding, with its salt', zh: '绑定文书（含盐值）' }),
      )
      .requiredOption(
        '--binding-id <id>',
        book.words({ en: 'number of the binding on the chain', zh: '链上绑定编号' }),
      );

  book.command<[string], Made & { voucher: string }>(
    subject,
    'binding <code>',
    { en: 'write the document that binds a key to a credit code', zh: '生成密钥绑定文书' },
    'ledger subject binding 91110105MA00EXMP8L --voucher 1 --deployment deployment.json --output binding.json',
    (command) =>
      made(command).requiredOption(
        '--voucher <id>',
        book.words({ en: 'member that vouches for the key', zh: '背书成员编号' }),
      ),
    async (context, { deployment, voucher, output }, code) => {
      const salt = bytesToHex(randomBytes(32));
      await write(context, bindingDocument(await domainOf(context, deployment), voucher, code, salt), output);
    },
  );
  book.command<[string], Made>(
    subject,
    'binding-end <bindingId>',
    { en: 'write the document that ends a binding', zh: '生成终止绑定文书' },
    'ledger subject binding-end 4 --deployment deployment.json --output end.json',
    made,
    async (context, { deployment, output }, bindingId) => {
      await write(context, bindingEndDocument(await domainOf(context, deployment), bindingId), output);
    },
  );
  book.command<[], ConsentOptions>(
    subject,
    'consent',
    { en: 'write a consent, to be signed', zh: '生成授权文书（待签署）' },
    'ledger subject consent --binding binding.signed.json --binding-id 4 --application bank-credit-review --register 1 --requester 3 --until 2026-12-31 --max-uses 1 --deployment deployment.json --output consent.json',
    (command) =>
      bound(command)
        .requiredOption(
          '--application <name>',
          book.words({ en: 'for which purpose', zh: '用途（应用清单名称）' }),
        )
        .requiredOption(
          '--register <id>',
          book.words({ en: 'which register may be asked', zh: '可查询的登记册' }),
        )
        .requiredOption('--requester <id>', book.words({ en: 'member who may ask', zh: '被授权成员编号' }))
        .requiredOption('--until <date>', book.words({ en: 'last day, or a moment', zh: '截止日期或时间' }))
        .option(
          '--from <date>',
          book.words({ en: 'first day, or a moment; now when left out', zh: '起始日期或时间，省略为现在' }),
        )
        .option(
          '--max-uses <n>',
          book.words({ en: 'answers at most (default 1)', zh: '最多应答次数（默认 1）' }),
        ),
    async (context, options) => {
      const domain = await domainOf(context, options.deployment);
      const document = consentDocument(
        domain,
        {
          bindingId: BigInt(options.bindingId),
          applicationId: findApplication(options.application).id,
          registerId: BigInt(options.register),
          requester: BigInt(options.requester),
          validFrom:
            options.from === undefined
              ? BigInt(Math.floor(Date.now() / 1000))
              : seconds(options.from, 'start'),
          validUntil: seconds(options.until, 'end'),
          maxUses: Number(options.maxUses ?? 1),
          salt: bytesToHex(randomBytes(32)),
        },
        await openingOf(context, options.binding),
      );
      await write(context, document, options.output);
    },
  );
  book.command<[string], Made>(
    subject,
    'consent-revocation <consentId>',
    { en: 'write the document that takes a consent back', zh: '生成撤销授权文书' },
    'ledger subject consent-revocation 0x… --deployment deployment.json --output revocation.json',
    made,
    async (context, { deployment, output }, consentId) => {
      await write(context, consentRevocationDocument(await domainOf(context, deployment), consentId), output);
    },
  );
  book.command<[], StatementOptions>(
    subject,
    'statement',
    {
      en: 'write a statement about yourself, with the promise of truth',
      zh: '生成自愿注册文书（含真实性承诺）',
    },
    'ledger subject statement --binding binding.signed.json --binding-id 4 --kind 46 --name 北京示例有限公司 --title 质量管理体系认证证书 --contents 证书编号SAMPLE-001 --day 2026-01-05 --deployment deployment.json --output statement.json',
    (command) =>
      bound(command)
        .requiredOption(
          '--kind <n>',
          book.words({
            en: '46 certificate, 47 contract performed, 48 welfare',
            zh: '46 资质证书，47 合同履行，48 社会公益',
          }),
        )
        .requiredOption('--name <text>', book.words({ en: 'name of the subject', zh: '主体名称' }))
        .requiredOption('--title <text>', book.words({ en: 'title', zh: '名称' }))
        .requiredOption('--contents <text>', book.words({ en: 'contents', zh: '内容' }))
        .requiredOption('--day <date>', book.words({ en: 'day, YYYY-MM-DD', zh: '日期' }))
        .option(
          '--until <date>',
          book.words({ en: 'last day; no end when left out', zh: '截止日期，省略为长期' }),
        )
        .option('--public', book.words({ en: 'to be shown to the public', zh: '同意公示' })),
    async (context, options) => {
      const { uscc, salt } = await openingOf(context, options.binding);
      const kind = Number(options.kind);
      if (!isSelfDeclaredKind(kind)) throw kindUnknown(options.kind);
      const document = statementDocument(
        await domainOf(context, options.deployment),
        options.bindingId,
        {
          format: 'credit-statement/1',
          kind,
          uscc,
          subjectName: options.name,
          title: options.title,
          contents: options.contents,
          day: options.day,
          until: options.until ?? null,
          publicityAsked: options.public === true,
          promise: TRUTH_PROMISE,
          salt: randomSalt256(),
        },
        salt,
      );
      await write(context, document, options.output);
    },
  );
  book.command<[string], Made & { binding: string; bindingId: string }>(
    subject,
    'statement-revocation <documentHash>',
    { en: 'write the document that withdraws a statement', zh: '生成撤回自愿注册信息的文书' },
    'ledger subject statement-revocation 0x… --binding binding.signed.json --binding-id 4 --deployment deployment.json --output withdrawal.json',
    bound,
    async (context, { deployment, output, binding, bindingId }, documentHash) => {
      const { salt } = await openingOf(context, binding);
      const domain = await domainOf(context, deployment);
      await write(context, statementRevocationDocument(domain, bindingId, documentHash, salt), output);
    },
  );
}

function questionCommand(book: Book, subject: Command): void {
  book.command<[], { deployment: string; key: string; binding: string; bindingId: string; member: string }>(
    subject,
    'questions',
    { en: 'read, by your key, what was asked about you', zh: '凭密钥查询本单位被查询记录' },
    'ledger subject questions --key company.key.json --binding binding.signed.json --binding-id 4 --member 1 --deployment deployment.json --url https://node.example',
    (command) =>
      command
        .requiredOption(
          '--deployment <file>',
          book.words({ en: 'deployment file of the ledger', zh: '账本部署文件' }),
        )
        .requiredOption('--key <file>', book.words({ en: 'key of the subject', zh: '主体密钥文件' }))
        .requiredOption(
          '--binding <file>',
          book.words({ en: 'your binding, with its salt', zh: '绑定文书（含盐值）' }),
        )
        .requiredOption(
          '--binding-id <id>',
          book.words({ en: 'number of the binding on the chain', zh: '链上绑定编号' }),
        )
        .requiredOption(
          '--member <id>',
          book.words({ en: 'member whose node is asked', zh: '受理成员编号' }),
        ),
    async (context, { deployment, key, binding, bindingId, member }) => {
      const { node, path, surroundings } = context;
      const time = Math.floor(Date.now() / 1000);
      const document = questionsDocument(await domainOf(context, deployment), { bindingId, member, time });
      const signing: SubjectKey = await openSubjectKey(path(key), surroundings.environment);
      const signature = await signing.sign(typedDataOf(document));
      const opening = await openingOf(context, binding);
      const { body } = await node.call<{ items: QuestionAbout[] }>('readOwnQuestions', {
        json: { ...opening, bindingId, time, signature },
      });
      showQuestionsAbout(context, body);
    },
  );
}

/** Which ledger a document is for: its consents' contract. */
async function domainOf({ path }: Context, file: string): Promise<ReturnType<typeof ledgerDomain>> {
  const { chainId, processes } = await readDeployment(path(file));
  return ledgerDomain(BigInt(chainId), processes.consents);
}

/** Code and salt, from the document by which the subject was bound. */
async function openingOf({ path }: Context, file: string): Promise<{ uscc: string; salt: Hex }> {
  const document: SubjectDocument = readDocument(await textFile(path(file)));
  // Shown and held against the commitment: a salt that opens nothing is of no use to anybody.
  describeDocument(document, 'en');
  const { uscc, salt } = document.about ?? {};
  if (document.primaryType === 'Binding' && typeof uscc === 'string' && typeof salt === 'string') {
    return { uscc, salt: salt as Hex };
  }
  throw new LedgerError(
    'SUBJECT_DOCUMENT_MALFORMED',
    { en: `${file} is no binding with its salt.`, zh: `${file} 不是含盐值的绑定文书。` },
    { file },
  );
}

async function write(context: Context, document: object, output: string | undefined): Promise<void> {
  const { out, path } = context;
  const text = JSON.stringify(document, null, 2);
  if (output === undefined) return out.result(document, text);
  await requireWritable(path(output), { mustBeNew: false });
  // It may hold the salt of a binding.
  await writeFile(path(output), `${text}\n`, { mode: 0o600 });
  out.result(
    { file: path(output) },
    out.words({ en: `Written: ${path(output)}`, zh: `已写入：${path(output)}` }),
  );
}

/** A day of the command line in seconds: its first, or its last, at UTC+8. */
function seconds(text: string, edge: 'start' | 'end'): bigint {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const date = new Date(isDay ? `${text}T${edge === 'start' ? '00:00:00' : '23:59:59'}+08:00` : text);
  if (!Number.isNaN(date.getTime())) return BigInt(Math.floor(date.getTime() / 1000));
  throw new LedgerError(
    'DATE_INVALID',
    { en: `Not a day or moment: ${text}`, zh: `不是有效日期：${text}` },
    { read: text },
  );
}

function kindUnknown(kind: string): LedgerError {
  return new LedgerError(
    'STATEMENT_KIND',
    { en: 'A statement is of kind 46, 47 or 48.', zh: '自愿注册信息的类别为 46、47 或 48。' },
    { kind },
  );
}
